#pragma once
// One client's two rules, what it votes from and how that becomes a ballot, used together.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/rules/ballot/ballot_rule.h"
#include "runtime/rules/rule_state.h"
#include "runtime/rules/worker/worker_rule.h"

namespace psephos::client {

struct Vote {
  PackedSigns signs;
  std::vector<float> scales;  // rms of v per tensor; empty unless the ballot rule needs scales
};

// Not thread-safe.
class Voter {
 public:
  Voter(const WorkerChoice& worker, const BallotChoice& ballot);

  // The ballot on `gradient` (d finite floats, the same d at every call), in one pass over memory
  // where the two rules can.
  Vote vote(std::span<const float> gradient, const BallotContext& context);

  // The decision of the last ballot's round is held: did it count that ballot?
  void settle(bool counted);

  // What both rules remember, each vector's name behind its rule's word ("signum.momentum").
  RuleState state();
  // Goes on from that of another Voter with the same words. `parameters`: d. Refuses, and changes
  // nothing: the state of other rules or another model, and what is not finite.
  Status restore(RuleState state, std::size_t parameters);

 private:
  RuleSlots slots();

  BallotNeeds needs_;
  std::unique_ptr<WorkerRule> worker_;
  std::unique_ptr<BallotRule> ballot_;
  std::vector<std::string> names_;  // of the slots
};

}  // namespace psephos::client
