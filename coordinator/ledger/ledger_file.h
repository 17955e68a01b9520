#pragma once
// A ledger as one SQLite database: write-ahead log, every commit synced, one table per kind of row
// (tables.h), every row with the checksum and decisions with the chain of rows.h. Whatever is read
// is checked before it is believed. sqlite_ledger.h leads runs with it, psephos-ledger looks at it.
//
// While open it is locked: a second process is refused, and neither harms the other. Errors begin
// with the path. Not thread-safe.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/rows.h"
#include "coordinator/ledger/sqlite.h"
#include "runtime/base/result.h"

namespace psephos::coordinator {

inline constexpr std::uint32_t kCheckpointKeptEvery = 1024;  // rounds; besides the two newest

// A decision, and what its row says of its neighbours.
struct StoredDecision {
  DecisionRef record;
  std::uint32_t events = 0;    // rows of membership that go with it
  std::uint32_t left_out = 0;  // Membership's
  Chain chain{};               // after it, as stored
};

// Voters by their numbers, as far as they were met: most vote round after round.
using VoterNames = std::unordered_map<std::uint32_t, std::string>;
inline constexpr std::size_t kVoterNamesKept = 100'000;

class LedgerFile {
 public:
  enum class Use {
    kLead,  // created where there is none; the log is moved into the file when it is closed
    kLook,  // there must be one, and it is left as it is
  };
  // Refused, untouched: a file that is not a ledger, one of a newer format, one that is in use or
  // may not be written, a name whose log is there without its ledger.
  // `vfs`: a file system registered with SQLite; empty: the machine's.
  static Result<LedgerFile> open(const std::string& name, Use use, const std::string& vfs = "");

  const std::string& path() const { return database_.path(); }

  // ---- what is in it ----

  // Null while no run has begun.
  const std::optional<RunRecord>& run() const { return run_; }
  // It was empty or not there until open() made it.
  bool is_new() const { return new_; }
  std::uint32_t rounds() const { return rounds_; }
  // The decision of a round below rounds(), its checksum compared; DecisionReader compares the
  // chain.
  Result<StoredDecision> decision(std::uint32_t round);
  // The same; who is in `names` is not looked up, and others are added to them.
  Result<StoredDecision> decision(std::uint32_t round, VoterNames& names);
  // Is `ballot` counted by a decision of its round to `last`, which is below rounds()? Reads
  // nothing of these decisions but whom they count, so their checksums are not compared.
  Result<bool> is_counted(const CountedBallot& ballot, std::uint32_t last);
  Result<Membership> membership(const StoredDecision& decision);
  // Rounds with a checkpoint, ascending.
  Result<std::vector<std::uint32_t>> checkpoints();
  Result<CheckpointRef> checkpoint(std::uint32_t round);  // an error where it is damaged
  // The counts of a decision that has some, their hash compared; null where they are dropped.
  Result<CountsRef> counts(const DecisionRecord& record);
  Result<std::vector<EpochRecord>> epochs();
  // What no decision is read with: SQLite's own pages (free lists, trees, indices), and the rows of
  // all voters.
  Status check_pages();
  Status check_voters();

  // How many rows there are, whether anything reads them or not.
  struct Rows {
    std::int64_t runs = 0;
    std::int64_t decisions = 0;
    std::int64_t membership = 0;
    std::int64_t voters = 0;
    std::int64_t counts = 0;
    bool operator==(const Rows&) const = default;
  };
  Result<Rows> count_rows();

  // ---- what is put into it, each all or nothing and on the disk when it returns ok ----

  // In the file itself then, so that one without its log never looks as if no run had begun.
  Status begin(const RunRecord& run, const Checkpoint& x_0);
  Status grow(std::uint32_t rounds);
  // Brings to the disk what a process before this one wrote and may not have synced when it died:
  // nobody may hear of a decision that a power cut would still take back.
  Status settle();
  Status begin_epoch(const EpochRecord& record);
  Status commit(const DecisionRecord& record, const Membership& membership, const Bytes* counts);
  // In place of one of the same round, which may be damaged. Forgets those that checkpoint() found
  // damaged, older ones than the last two that are left but for every kCheckpointKeptEvery-th
  // round's, and the counts of rounds before these two.
  Status add_checkpoint(const Checkpoint& checkpoint);

  // A copy of it all in a new file, compacted.
  Status copy_to(const std::string& destination);

 private:
  friend class DecisionReader;

  explicit LedgerFile(sqlite::Database database) : database_(std::move(database)) {}

  Status identify(Use use);
  Status read_run();
  Status insert(const RunRecord& run);
  Status insert(const Checkpoint& checkpoint);
  Status insert_counts(std::uint32_t round, const Bytes& counts);
  Result<Bytes> number_voters(const DecisionRecord& record);
  Result<std::vector<CountedBallot>> name_voters(std::uint32_t round,
                                                 std::span<const std::uint8_t> numbered,
                                                 VoterNames& names);
  Result<std::string> name_of(std::uint32_t voter, sqlite::Statement& select);
  Result<std::optional<std::uint32_t>> number_of(const std::string& identity);
  Result<Chain> chain_before(std::uint32_t round);
  Result<CheckpointRef> read_checkpoint(std::uint32_t round);
  Status forget_checkpoint(std::uint32_t round);
  Error damaged(std::string_view what) const;

  sqlite::Database database_;
  bool new_ = false;
  std::optional<RunRecord> run_;
  std::uint32_t rounds_ = 0;
  Chain chain_{};                    // after the newest decision
  std::set<std::uint32_t> damaged_;  // rounds whose checkpoints were found to be
};

// Decisions in order, from one on. Each continues the chain of the one before, or is an error.
class DecisionReader {
 public:
  // `file` must outlive this.
  static Result<DecisionReader> from(LedgerFile& file, std::uint32_t round);

  // There is a next one.
  bool more() const { return round_ < file_->rounds(); }
  std::uint32_t round() const { return round_; }  // the next one's
  Result<StoredDecision> next();

 private:
  DecisionReader(LedgerFile& file, std::uint32_t round, const Chain& chain)
      : file_(&file), round_(round), chain_(chain) {}

  LedgerFile* file_;
  std::uint32_t round_;
  Chain chain_;
  VoterNames names_;
};

}  // namespace psephos::coordinator
