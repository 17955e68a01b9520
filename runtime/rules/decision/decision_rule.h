#pragma once
// From the votes of a round to its decision.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/base/philox.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/rules/rule_state.h"
#include "runtime/rules/words.h"
#include "runtime/signs/packed_signs.h"
#include "runtime/vote/vote_counts.h"

namespace psephos {

struct DecisionContext {
  const TensorTable* tensors = nullptr;
  float delta = 0;  // the round's learning rate
  std::span<const float> scales =
      {};                // the round's B per tensor; empty unless the ballot rule asks
  unsigned threads = 1;  // for large models; results do not depend on it
};

struct Decided {
  PackedSigns signs;         // canonical
  std::vector<float> steps;  // one for each tensor in place of delta; empty: delta for all
};

// The rule of one run, and what it remembers. Not thread-safe.
class DecisionRule {
 public:
  virtual ~DecisionRule() = default;

  // Called once for every round, in order, of a rule that remembers something: it is another rule
  // afterwards.
  virtual Decided decide(const VoteCounts& counts, const DecisionContext& context) = 0;

  // What it remembers; vectors are empty before the first decision.
  virtual RuleSlots slots() { return {}; }
};

struct DecisionNeeds {
  bool zeros = false;  // may decide nothing on purpose: no binary downlink
  bool state = false;  // remembers: rounds follow from those before
};

struct DecisionRuleInfo {
  RuleHead head;
  DecisionNeeds (*needs)(std::span<const double> values);
  std::unique_ptr<DecisionRule> (*make)(std::span<const double> values);
};
using DecisionChoice = Chosen<DecisionRuleInfo>;

// The only list of decision rules.
const Family<DecisionRuleInfo>& decision_rules();
Result<DecisionChoice> parse_decision_rule(std::string_view text);  // "majority", "quorum:0.1"

inline DecisionNeeds needs_of(const DecisionChoice& choice) {
  return choice.rule->needs(choice.values);
}

}  // namespace psephos
