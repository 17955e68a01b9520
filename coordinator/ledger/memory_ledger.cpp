#include "coordinator/ledger/memory_ledger.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"

namespace psephos::coordinator {

Status MemoryLedger::begin(const RunRecord& run, CheckpointRef x_0) {
  PSEPHOS_CHECK(!run_ && rounds_ == 0, "a ledger is of one run");
  run_ = run;
  return add_checkpoint(std::move(x_0));
}

Status MemoryLedger::grow(std::uint32_t rounds) {
  PSEPHOS_CHECK(run_ && rounds >= run_->rounds, "the rounds of a run only grow");
  run_->rounds = rounds;
  return Ok{};
}

Status MemoryLedger::begin_epoch(const EpochRecord& record) {
  PSEPHOS_CHECK(record.epoch > epoch_ && record.round == rounds_, "epochs ascend");
  epoch_ = record.epoch;
  return Ok{};
}

void MemoryLedger::set_run(const RunRecord& run, std::uint32_t epoch) {
  run_ = run;
  epoch_ = epoch;
}

Status MemoryLedger::commit(DecisionRef record, const Membership&, CountsRef counts) {
  PSEPHOS_CHECK(record->round == rounds_, "decisions are committed in order");
  decisions_.push_back({std::move(record), std::move(counts)});
  ++rounds_;
  forget();
  return Ok{};
}

Status MemoryLedger::add_checkpoint(CheckpointRef checkpoint) {
  PSEPHOS_CHECK(checkpoint->round == rounds_, "a checkpoint is of the open round");
  checkpoints_.push_back(std::move(checkpoint));
  if (checkpoints_.size() > 2) checkpoints_.pop_front();
  forget();
  return Ok{};
}

const MemoryLedger::Decided* MemoryLedger::find(std::uint32_t round) const {
  const std::uint32_t first = rounds_ - static_cast<std::uint32_t>(decisions_.size());
  return round < first || round >= rounds_ ? nullptr : &decisions_[round - first];
}

DecisionRef MemoryLedger::decision(std::uint32_t round) const {
  const Decided* decided = find(round);
  return decided == nullptr ? nullptr : decided->record;
}

Result<CountsRef> MemoryLedger::counts(std::uint32_t round) {
  const Decided* decided = find(round);
  return decided == nullptr ? CountsRef() : decided->counts;
}

Result<bool> MemoryLedger::is_counted(const std::string& identity, std::uint32_t round,
                                      std::uint32_t staleness) {
  const CountedBallot ballot{identity, round};
  for (std::uint32_t at = round; at < rounds_ && at - round <= staleness; ++at) {
    const Decided* decided = find(at);
    if (decided != nullptr &&
        std::ranges::find(decided->record->counted, ballot) != decided->record->counted.end()) {
      return true;
    }
  }
  return false;
}

CheckpointRef MemoryLedger::newest_checkpoint() const {
  return checkpoints_.empty() ? nullptr : checkpoints_.back();
}

CheckpointRef MemoryLedger::checkpoint(std::uint32_t round) const {
  for (const CheckpointRef& checkpoint : checkpoints_) {
    if (checkpoint->round == round) return checkpoint;
  }
  return nullptr;
}

// A client in the middle of the older checkpoint must find the decisions that follow it.
void MemoryLedger::forget() {
  const std::uint32_t needed_from = checkpoints_.empty() ? 0 : checkpoints_.front()->round;
  while (decisions_.size() > kDecisionsKept && decisions_.front().record->round < needed_from) {
    decisions_.pop_front();
  }
  for (Decided& decided : decisions_) {
    if (decided.record->round >= needed_from) break;
    decided.counts = nullptr;
  }
}

}  // namespace psephos::coordinator
