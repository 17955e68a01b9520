#include "coordinator/ledger/sqlite_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace psephos::coordinator {

Result<std::unique_ptr<SqliteLedger>> SqliteLedger::open(const std::string& path,
                                                         const std::string& vfs) {
  auto file = LedgerFile::open(path, LedgerFile::Use::kLead, vfs);
  if (!file) return file.error();
  std::unique_ptr<SqliteLedger> ledger(new SqliteLedger(*std::move(file)));
  if (ledger->file_.run()) {
    if (const Status read = ledger->read_recent(); !read) return read.error();
    if (const Status settled = ledger->file_.settle(); !settled) return settled.error();
  } else if (!ledger->file_.is_new()) {
    ledger->notes_.push_back(
        fmt::format("{}: is there already, and no run has begun in it: this is a new one", path));
  }
  return ledger;
}

Status SqliteLedger::read_recent() {
  const auto epochs = file_.epochs();
  if (!epochs) return epochs.error();
  const auto kept = file_.checkpoints();
  if (!kept) return kept.error();
  std::vector<CheckpointRef> whole;  // newest first
  std::optional<Error> why_not;
  for (auto round = kept->rbegin(); round != kept->rend() && whole.size() < 2; ++round) {
    if (*round > file_.rounds()) continue;
    auto checkpoint = file_.checkpoint(*round);
    if (checkpoint) {
      whole.push_back(*std::move(checkpoint));
    } else {
      why_not = checkpoint.error();
      notes_.push_back(
          fmt::format("{}: the checkpoint of round {} is damaged; an older one takes its place",
                      file_.path(), *round));
    }
  }
  if (whole.empty()) {
    return why_not.value_or(Error{file_.path() + ": has no checkpoint: go on from a backup"});
  }

  const std::uint32_t older = whole.back()->round;
  const std::uint32_t rounds = file_.rounds();
  const std::uint32_t first = std::min(older, rounds - std::min(rounds, kDecisionsKept));
  recent_ = MemoryLedger(first);
  recent_.set_run(*file_.run(), epochs->empty() ? 0 : epochs->back().epoch);
  auto reader = DecisionReader::from(file_, first);
  if (!reader) return reader.error();
  while (true) {
    for (std::size_t i = whole.size(); i-- > 0;) {
      if (whole[i]->round == recent_.rounds()) (void)recent_.add_checkpoint(whole[i]);
    }
    if (!reader->more()) return Ok{};
    auto stored = reader->next();
    if (!stored) return stored.error();
    (void)recent_.commit(std::move(stored->record), {}, nullptr);
  }
}

// Once a write has failed, what the file holds is for the next process to find out.
template <class Write>
Status SqliteLedger::write(const Write& write) {
  if (failed_) return *failed_;
  Status written = write();
  if (!written) failed_ = written.error();
  return written;
}

Status SqliteLedger::begin(const RunRecord& run, CheckpointRef x_0) {
  const Status written = write([&] { return file_.begin(run, *x_0); });
  return written ? recent_.begin(run, std::move(x_0)) : written;
}

Status SqliteLedger::grow(std::uint32_t rounds) {
  const Status written = write([&] { return file_.grow(rounds); });
  return written ? recent_.grow(rounds) : written;
}

Status SqliteLedger::begin_epoch(const EpochRecord& record) {
  const Status written = write([&] { return file_.begin_epoch(record); });
  return written ? recent_.begin_epoch(record) : written;
}

Status SqliteLedger::commit(DecisionRef record, const Membership& membership, CountsRef counts) {
  const Status written = write([&] { return file_.commit(*record, membership, counts.get()); });
  return written ? recent_.commit(std::move(record), membership, nullptr) : written;
}

Result<CountsRef> SqliteLedger::counts(std::uint32_t round) {
  const DecisionRef record = decision(round);
  return record ? file_.counts(*record) : CountsRef();
}

Result<bool> SqliteLedger::is_counted(const std::string& identity, std::uint32_t round,
                                      std::uint32_t staleness) {
  if (round >= rounds()) return false;
  // What memory has not forgotten reaches to the newest round.
  if (decision(round)) return recent_.is_counted(identity, round, staleness);
  return file_.is_counted({identity, round}, round + std::min(staleness, rounds() - 1 - round));
}

Status SqliteLedger::add_checkpoint(CheckpointRef checkpoint) {
  const Status written = write([&] { return file_.add_checkpoint(*checkpoint); });
  return written ? recent_.add_checkpoint(std::move(checkpoint)) : written;
}

}  // namespace psephos::coordinator
