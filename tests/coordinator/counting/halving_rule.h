#pragma once
// A decision rule with a step for every tensor, for tests: by majority, delta for the first tensor,
// half of it for the second, a quarter for the third, and so on.

#include <memory>
#include <span>
#include <utility>

#include "runtime/rules/decision/decision_rule.h"

namespace psephos::coordinator::testing {

class Halving : public DecisionRule {
 public:
  Decided decide(const VoteCounts& counts, const DecisionContext& context) override {
    Decided decided{counts.decide(1), {}};
    float step = context.delta;
    for (std::size_t t = 0; t < context.tensors->size(); ++t) {
      decided.steps.push_back(step);
      step /= 2;
    }
    return decided;
  }
};

inline const DecisionRuleInfo kHalving = {
    .head = {.word = "halving",
             .help = "by majority, with a smaller step for every further tensor",
             .example = "halving",
             .parameters = {}},
    .needs = [](std::span<const double>) { return DecisionNeeds{}; },
    .make = [](std::span<const double>) -> std::unique_ptr<DecisionRule> {
      return std::make_unique<Halving>();
    }};

inline DecisionChoice halving() { return {&kHalving, {}}; }

}  // namespace psephos::coordinator::testing
