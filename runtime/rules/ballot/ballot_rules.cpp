#include <array>

#include "runtime/rules/ballot/ballot_rule.h"

namespace psephos {

extern const BallotRuleInfo kSign;
extern const BallotRuleInfo kThreshold;
extern const BallotRuleInfo kStochasticTernary;
#ifdef PSEPHOS_OWN_RULE
extern const BallotRuleInfo kPatient;  // tests/examples/own_rule
#endif

kernels::CoinAddress BallotContext::coins() const {
  return {{key.seed, key.stream}, round, static_cast<std::uint32_t>(Purpose::kCoin)};
}

const Family<BallotRuleInfo>& ballot_rules() {
  static constexpr std::array kRules = {
      &kSign,
      &kThreshold,
      &kStochasticTernary,
#ifdef PSEPHOS_OWN_RULE
      &kPatient,
#endif
  };
  static const Family<BallotRuleInfo> kFamily("ballot rule", kRules);
  return kFamily;
}

Result<BallotChoice> parse_ballot_rule(std::string_view text) { return ballot_rules().parse(text); }

}  // namespace psephos
