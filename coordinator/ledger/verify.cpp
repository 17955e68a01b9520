#include "coordinator/ledger/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "coordinator/ledger/replay.h"
#include "runtime/replica/checkpoint.h"

namespace psephos::coordinator {
namespace {

// A walk through all rounds; each step ends it with a sentence or lets it go on.
class Walk {
 public:
  Walk(LedgerFile& file, unsigned threads) : file_(file), threads_(threads) {}

  Status prepare() {
    if (Status pages = file_.check_pages(); !pages) return pages;
    if (Status voters = file_.check_voters(); !voters) return voters;
    if (Status epochs = check_epochs(); !epochs) return epochs;
    auto checkpoints = file_.checkpoints();
    if (!checkpoints) return checkpoints.error();
    checkpoints_ = *std::move(checkpoints);
    if (checkpoints_.empty() || checkpoints_.front() != 0) return wrong("x_0 is missing");
    if (std::ranges::adjacent_find(checkpoints_, std::greater_equal()) != checkpoints_.end()) {
      return wrong("two checkpoints are of one round");
    }
    if (checkpoints_.back() > file_.rounds()) return wrong("a checkpoint is of a later round");
    if (checkpoints_.size() >= 2) votes_from_ = checkpoints_[checkpoints_.size() - 2];
    return Ok{};
  }

  Status begin() {
    const auto x_0 = file_.checkpoint(0);
    if (!x_0) return x_0.error();
    auto replay = Replay::from(**x_0, *file_.run());
    if (!replay) return wrong(replay.error().text);
    if (replay->fingerprint() != file_.run()->fingerprint) return wrong("x_0 is another model");
    replay_.emplace(*std::move(replay));
    auto reader = DecisionReader::from(file_, 0);
    if (!reader) return reader.error();
    reader_.emplace(*std::move(reader));
    return Ok{};
  }

  bool more() const { return reader_->more(); }
  std::uint32_t round() const { return reader_->round(); }

  Status next() {
    const auto stored = reader_->next();
    if (!stored) return stored.error();
    const DecisionRecord& record = *stored->record;
    if (const auto membership = file_.membership(*stored); !membership) return membership.error();
    ++read_.decisions;
    read_.membership += stored->events;
    if (Status counted = check_counted(record); !counted) return counted;
    const auto counts = file_.counts(record);
    if (!counts) return counts.error();
    if (Status applied = replay_->apply(record, *counts, threads_); !applied) {
      return wrong(applied.error().text);
    }
    if (Status entered = enter_counts(record.round, *counts != nullptr); !entered) return entered;
    return check_checkpoint();
  }

  // After the last round: was there anything else?
  Status finish() {
    read_.voters = static_cast<std::int64_t>(newest_.size());
    const auto rows = file_.count_rows();
    if (!rows) return rows.error();
    if (*rows == read_) return Ok{};
    return wrong("holds rows that belong to no round of its run: go on from a backup");
  }

  Verification result() const { return result_; }

 private:
  // The first rounds may have lost their votes, as far as LedgerFile::add_checkpoint drops them; a
  // restart needs the others.
  Status enter_counts(std::uint32_t round, bool kept) {
    if (replay_->rule() == nullptr) return Ok{};
    result_.remembers = true;
    if (kept) {
      ++read_.counts;
      if (replay_->remembers()) ++result_.decided_again;
      return Ok{};
    }
    if (round >= votes_from_) {
      return wrong(fmt::format(
          "round {}: its votes are missing, and no two checkpoints after it hold what came of them",
          round));
    }
    if (read_.counts > 0) {
      return wrong(
          fmt::format("round {}: its votes are missing, and those before it are not", round));
    }
    result_.votes_gone_to = round + 1;
    return Ok{};
  }

  Error wrong(const std::string& what) const { return Error{file_.path() + ": " + what}; }

  // Their numbers may leave some out: clients bring those that another ledger gave.
  Status check_epochs() const {
    const auto epochs = file_.epochs();
    if (!epochs) return epochs.error();
    EpochRecord before;
    for (const EpochRecord& epoch : *epochs) {
      if (epoch.epoch <= before.epoch || epoch.round < before.round) {
        return wrong(fmt::format("epoch {} cannot follow epoch {}", epoch.epoch, before.epoch));
      }
      if (epoch.round > file_.rounds()) return wrong("an epoch began after the last round");
      before = epoch;
    }
    return Ok{};
  }

  // A key has one ballot in a tally, and a ballot is in one tally.
  Status check_counted(const DecisionRecord& record) {
    if (record.counted.size() != record.voters) {
      return wrong(fmt::format("round {} counts {} voters and names {}", record.round,
                               record.voters, record.counted.size()));
    }
    for (const CountedBallot& ballot : record.counted) {
      const auto [entry, first] = newest_.try_emplace(ballot.identity, ballot.round);
      if (!first && entry->second >= ballot.round) {
        return wrong(fmt::format("round {} counts {}, whose ballot of round {} was counted before",
                                 record.round, ballot.identity, entry->second));
      }
      entry->second = ballot.round;
    }
    return Ok{};
  }

  Status check_checkpoint() {
    const std::uint32_t round = replay_->round();
    if (!std::ranges::binary_search(checkpoints_, round)) return Ok{};
    const auto checkpoint = file_.checkpoint(round);
    if (!checkpoint) return checkpoint.error();
    const EncodedSigns last = encode(*replay_->last());
    const Bytes expected = encode_checkpoint(round, replay_->replica().parameters(),
                                             replay_->fingerprint(), &last, replay_->terms());
    if ((*checkpoint)->bytes != expected) {
      return wrong(fmt::format("the checkpoint of round {} is another model", round));
    }
    if (!replay_->remembers()) {
      const Status remembered = replay_->remember(**checkpoint);
      return remembered ? Status(Ok{}) : Status(wrong(remembered.error().text));
    }
    Bytes rule;
    append_state(replay_->rule() ? copy_state(replay_->rule()->slots()) : RuleState(), rule);
    if ((*checkpoint)->rule == rule) return Ok{};
    return wrong(fmt::format("the checkpoint of round {} remembers other votes", round));
  }

  LedgerFile& file_;
  unsigned threads_;
  std::vector<std::uint32_t> checkpoints_;
  std::uint32_t votes_from_ = 0;  // the votes of this round and of all later ones must be there
  std::optional<Replay> replay_;
  std::optional<DecisionReader> reader_;
  std::map<std::string, std::uint32_t> newest_;  // counted ballot of each identity
  LedgerFile::Rows read_{.runs = 1};
  Verification result_;
};

}  // namespace

Verification verify(LedgerFile& file, unsigned threads) {
  Walk walk(file, threads);
  const auto found = [&walk](std::optional<std::uint32_t> round, const Status& status) {
    Verification result = walk.result();
    result.fault = LedgerFault{round, status.error().text};
    return result;
  };
  if (const Status ready = walk.prepare(); !ready) return found(std::nullopt, ready);
  if (const Status begun = walk.begin(); !begun) return found(0, begun);
  while (walk.more()) {
    const std::uint32_t round = walk.round();
    if (const Status good = walk.next(); !good) return found(round, good);
  }
  if (const Status finished = walk.finish(); !finished) return found(std::nullopt, finished);
  return walk.result();
}

}  // namespace psephos::coordinator
