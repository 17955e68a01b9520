// majority: the sign of net (ICML 2018, algorithm 3).

#include "runtime/rules/decision/decision_rule.h"

namespace psephos {
namespace {

class Majority : public DecisionRule {
 public:
  Decided decide(const VoteCounts& counts, const DecisionContext&) override {
    return {counts.decide(1), {}};
  }
};

}  // namespace

extern const DecisionRuleInfo kMajority;
const DecisionRuleInfo kMajority = {
    .head = {.word = "majority",
             .help = "a step wherever one side has more votes",
             .example = "majority",
             .parameters = {}},
    .needs = [](std::span<const double>) { return DecisionNeeds{}; },
    .make = [](std::span<const double>) -> std::unique_ptr<DecisionRule> {
      return std::make_unique<Majority>();
    }};

}  // namespace psephos
