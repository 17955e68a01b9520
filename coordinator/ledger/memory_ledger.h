#pragma once
// The ledger of a run that is not to outlive its process: bounded memory, however long the run.

#include <deque>
#include <optional>

#include "coordinator/ledger/ledger.h"

namespace psephos::coordinator {

// Keeps the two newest checkpoints and every decision since the older of them, at least
// kDecisionsKept: what catch-up and a restart need.
class MemoryLedger : public Ledger {
 public:
  MemoryLedger() = default;
  // One that has forgotten what came before `first_round`.
  explicit MemoryLedger(std::uint32_t first_round) : rounds_(first_round) {}

  const RunRecord* run() const override { return run_ ? &*run_ : nullptr; }
  Status begin(const RunRecord& run, CheckpointRef x_0) override;
  Status grow(std::uint32_t rounds) override;
  std::uint32_t epoch() const override { return epoch_; }
  Status begin_epoch(const EpochRecord& record) override;
  Status commit(DecisionRef record, const Membership& membership, CountsRef counts) override;
  Status add_checkpoint(CheckpointRef checkpoint) override;
  DecisionRef decision(std::uint32_t round) const override;
  Result<CountsRef> counts(std::uint32_t round) override;
  Result<bool> is_counted(const std::string& identity, std::uint32_t round,
                          std::uint32_t staleness) override;
  std::uint32_t rounds() const override { return rounds_; }
  CheckpointRef newest_checkpoint() const override;
  CheckpointRef checkpoint(std::uint32_t round) const override;

  // For whoever fills one with a run that has begun already.
  void set_run(const RunRecord& run, std::uint32_t epoch);

 private:
  void forget();

  std::optional<RunRecord> run_;
  std::uint32_t epoch_ = 0;
  std::uint32_t rounds_ = 0;
  struct Decided {
    DecisionRef record;
    CountsRef counts;
  };

  const Decided* find(std::uint32_t round) const;

  std::deque<Decided> decisions_;          // the last of them is of round rounds_ - 1
  std::deque<CheckpointRef> checkpoints_;  // oldest first, at most two
};

}  // namespace psephos::coordinator
