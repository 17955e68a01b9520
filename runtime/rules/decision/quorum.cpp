// quorum:THETA: the sign of net where abs(net) >= THETA * V ("if quorum is not reached the server
// sends back zero", ICML 2018, section 6).

#include "runtime/rules/decision/quorum.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/rules/decision/decision_rule.h"

namespace psephos {
namespace {

constexpr std::uint32_t kMillion = 1'000'000;

class Quorum : public DecisionRule {
 public:
  explicit Quorum(std::uint32_t ppm) : ppm_(ppm) {}

  Decided decide(const VoteCounts& counts, const DecisionContext&) override {
    return {counts.decide(quorum_margin(ppm_, counts.voters())), {}};
  }

 private:
  std::uint32_t ppm_;
};

constexpr RuleParameter kParameters[] = {{.name = "THETA",
                                          .meaning = "share of the voters",
                                          .kind = RuleParameter::Kind::kMillionths,
                                          .least = 0,
                                          .most = kMillion,
                                          .above = true,
                                          .usual_least = 1,
                                          .usual_most = 600'000}};

}  // namespace

std::uint32_t quorum_margin(std::uint32_t quorum_ppm, std::uint32_t voters) {
  PSEPHOS_CHECK(quorum_ppm <= kMillion, "a quorum above one");
  const std::uint64_t needed = std::uint64_t{quorum_ppm} * voters;
  const std::uint64_t margin = (needed + kMillion - 1) / kMillion;
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(margin, 1));
}

extern const DecisionRuleInfo kQuorum;
const DecisionRuleInfo kQuorum = {
    .head = {.word = "quorum",
             .help = "no step where the margin is under that share of the voters",
             .example = "quorum:0.1",
             .parameters = kParameters},
    .needs = [](std::span<const double>) { return DecisionNeeds{.zeros = true}; },
    .make = [](std::span<const double> values) -> std::unique_ptr<DecisionRule> {
      return std::make_unique<Quorum>(static_cast<std::uint32_t>(values[0]));
    }};

}  // namespace psephos
