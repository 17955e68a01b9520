#pragma once
// What a round's sums decide, by integers, floats and plain loops: the truth's own idea of every
// decision rule. A rule that is not known here decides for itself, on these sums.
//
// Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/replica/tensor_table.h"
#include "runtime/rules/decision/decision_rule.h"

namespace psephos::proving {

class PlainDecisions {
 public:
  PlainDecisions(const DecisionChoice& choice, TensorTable tensors);

  // True where decide() computes the rule itself.
  static bool knows(std::string_view word);

  struct Expected {
    std::vector<std::int8_t> signs;  // -1, 0 or +1 per parameter
    std::vector<float> steps;        // per tensor, or empty
  };
  // Of round `round`, whose ballots sum to `net`: V = `voters` of them. Rounds come in order, or go
  // on from an earlier one than the last.
  Expected decide(std::uint32_t round, std::span<const std::int32_t> net, std::uint32_t voters,
                  float delta, std::span<const float> scales);

  // What the rule remembers before `round`, the newest that was decided or the one after.
  RuleState remembered(std::uint32_t round) const;

 private:
  std::vector<float> momentum(std::uint32_t round, std::span<const std::int32_t> net,
                              std::uint32_t voters);

  DecisionChoice choice_;
  TensorTable tensors_;
  // What is remembered before each round.
  std::vector<std::vector<float>> momentum_;
  std::vector<RuleState> states_;
};

}  // namespace psephos::proving
