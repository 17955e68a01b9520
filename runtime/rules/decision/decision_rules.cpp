#include <array>

#include "runtime/rules/decision/decision_rule.h"

namespace psephos {

extern const DecisionRuleInfo kMajority;
extern const DecisionRuleInfo kQuorum;
extern const DecisionRuleInfo kMomentum;
#ifdef PSEPHOS_OWN_RULE
extern const DecisionRuleInfo kStubborn;  // tests/examples/own_rule
#endif

const Family<DecisionRuleInfo>& decision_rules() {
  static constexpr std::array kRules = {
      &kMajority,
      &kQuorum,
      &kMomentum,
#ifdef PSEPHOS_OWN_RULE
      &kStubborn,
#endif
  };
  static const Family<DecisionRuleInfo> kFamily("decision rule", kRules);
  return kFamily;
}

Result<DecisionChoice> parse_decision_rule(std::string_view text) {
  return decision_rules().parse(text);
}

}  // namespace psephos
