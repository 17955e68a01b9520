#pragma once
// The ledger that outlives its process. The decisions and checkpoints that clients are sent are
// kept in memory as well; all the rest is in the file alone, for a restart and for psephos-ledger.
// Of clients' requests only one reads the disk: is a ballot counted that is older than these
// decisions?

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/ledger/ledger_file.h"
#include "coordinator/ledger/memory_ledger.h"

namespace psephos::coordinator {

class SqliteLedger : public Ledger {
 public:
  // Opens the ledger in `path`, or makes one. Reads and checks the run, the newest two checkpoints
  // that are whole, the decisions from the older of them on (at least kDecisionsKept), the epochs;
  // counts() are read when they are asked for. `vfs`: a file system registered with SQLite; empty:
  // the machine's.
  // Refused, with nothing changed: what LedgerFile::open refuses, and damage to any of these.
  static Result<std::unique_ptr<SqliteLedger>> open(const std::string& path,
                                                    const std::string& vfs = "");

  // What was found amiss while opening and could be helped, and a file that was there without a
  // run: sentences for the log.
  const std::vector<std::string>& notes() const { return notes_; }

  const RunRecord* run() const override { return recent_.run(); }
  Status begin(const RunRecord& run, CheckpointRef x_0) override;
  Status grow(std::uint32_t rounds) override;
  std::uint32_t epoch() const override { return recent_.epoch(); }
  Status begin_epoch(const EpochRecord& record) override;
  Status commit(DecisionRef record, const Membership& membership, CountsRef counts) override;
  Status add_checkpoint(CheckpointRef checkpoint) override;
  DecisionRef decision(std::uint32_t round) const override { return recent_.decision(round); }
  Result<CountsRef> counts(std::uint32_t round) override;
  Result<bool> is_counted(const std::string& identity, std::uint32_t round,
                          std::uint32_t staleness) override;
  std::uint32_t rounds() const override { return recent_.rounds(); }
  CheckpointRef newest_checkpoint() const override { return recent_.newest_checkpoint(); }
  CheckpointRef checkpoint(std::uint32_t round) const override { return recent_.checkpoint(round); }

 private:
  explicit SqliteLedger(LedgerFile file) : file_(std::move(file)) {}

  Status read_recent();
  template <class Write>
  Status write(const Write& write);

  LedgerFile file_;
  MemoryLedger recent_;          // without counts: nothing reads them but a restart
  std::optional<Error> failed_;  // the first write that did
  std::vector<std::string> notes_;
};

}  // namespace psephos::coordinator
