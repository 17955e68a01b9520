#pragma once
// The ledger of a run that is not to outlive its process: bounded memory, however long the run.

#include <deque>

#include "coordinator/ledger/ledger.h"

namespace psephos::coordinator {

// Keeps the two newest checkpoints and every decision since the older of them, at least
// kDecisionsKept.
class MemoryLedger : public Ledger {
 public:
  Status commit(DecisionRef record) override;
  Status add_checkpoint(CheckpointRef checkpoint) override;
  DecisionRef decision(std::uint32_t round) const override;
  std::uint32_t rounds() const override { return rounds_; }
  CheckpointRef newest_checkpoint() const override;
  CheckpointRef checkpoint(std::uint32_t round) const override;

 private:
  void forget();

  std::uint32_t rounds_ = 0;
  std::deque<DecisionRef> decisions_;      // the last of them is of round rounds_ - 1
  std::deque<CheckpointRef> checkpoints_;  // oldest first, at most two
};

}  // namespace psephos::coordinator
