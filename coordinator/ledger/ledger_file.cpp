#include "coordinator/ledger/ledger_file.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "coordinator/ledger/packed_checkpoint.h"
#include "runtime/base/check.h"
#include "runtime/wire/limits.h"

namespace psephos::coordinator {
namespace {

using sqlite::Statement;
using sqlite::Transaction;

constexpr std::int64_t kApplication = 0x50534C47;  // "PSLG", where SQLite's header has room for it
constexpr std::size_t kNumberedVoter = 5;          // bytes: its number, the ballot's age in rounds

// In the order of their names. What is large stands last in its row: the rest is then read without
// it. `counted`: kNumberedVoter bytes for each ballot; `scales`: floats.
constexpr std::array<std::string_view, 6> kTables = {
    "CREATE TABLE checkpoints(round INTEGER PRIMARY KEY, fingerprint INTEGER, size INTEGER,"
    " checksum INTEGER, packed BLOB)",
    "CREATE TABLE decisions(round INTEGER PRIMARY KEY, delta REAL, keep REAL, decay_pending REAL,"
    " voters INTEGER, fingerprint INTEGER, events INTEGER, left_out INTEGER, encoding INTEGER,"
    " checksum INTEGER, chain BLOB, scales BLOB, counted BLOB, planes BLOB)",
    "CREATE TABLE epochs(epoch INTEGER PRIMARY KEY, round INTEGER, lost INTEGER, checksum INTEGER)",
    "CREATE TABLE membership(round INTEGER, place INTEGER, kind INTEGER, identity TEXT,"
    " checksum INTEGER, PRIMARY KEY(round, place)) WITHOUT ROWID",
    "CREATE TABLE run(run INTEGER, words TEXT, parameters INTEGER, rounds INTEGER,"
    " x0_given INTEGER, fingerprint INTEGER, checksum INTEGER)",
    "CREATE TABLE voters(number INTEGER PRIMARY KEY, identity TEXT UNIQUE, checksum INTEGER)",
};

std::uint64_t as_unsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }
// Checksums tell whether a number was cut.
std::uint32_t as_word(std::int64_t value) { return static_cast<std::uint32_t>(value); }

Bytes bytes_of(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

// Commits that are not in the file yet. (Of another file system's files nothing is known.)
bool has_log(const std::string& path) {
  std::error_code none;
  const std::uintmax_t bytes = std::filesystem::file_size(path + "-wal", none);
  return !none && bytes > 0;
}

// Where the file itself has gone, SQLite would throw them away and begin anew.
bool is_log_alone(const std::string& path) {
  std::error_code none;
  const std::uintmax_t bytes = std::filesystem::file_size(path, none);
  return has_log(path) && (none || bytes == 0);
}

bool is_checkpoint_kept(std::uint32_t round) { return round % kCheckpointKeptEvery == 0; }

}  // namespace

Error LedgerFile::damaged(std::string_view what) const {
  return Error{fmt::format("{}: {} is damaged: go on from a backup", path(), what)};
}

// ---- opening -----------------------------------------------------------------------------------

Result<LedgerFile> LedgerFile::open(const std::string& path, Use use, const std::string& vfs) {
  const int flags = SQLITE_OPEN_READWRITE | (use == Use::kLead ? SQLITE_OPEN_CREATE : 0);
  if (vfs.empty() && is_log_alone(path)) {
    return Error{fmt::format(
        "{0}: {0}-wal is there without its ledger: bring the two together, or remove it", path)};
  }
  auto database = sqlite::Database::open(path, flags, vfs);
  if (!database) return database.error();
  // Not even to be looked at: locking it needs to be allowed to write.
  if (database->is_read_only()) return database->explain(SQLITE_READONLY);
  LedgerFile file(*std::move(database));
  // Until it is known to be a ledger of ours, nothing in it may move. (Where there is no log,
  // SQLite makes one, and moving its nothing is how it goes away again.)
  const bool log = has_log(path);
  file.database_.checkpoint_on_close(!log);
  if (const Status identified = file.identify(use); !identified) return identified.error();
  if (const Status read = file.read_run(); !read) return read.error();
  file.database_.checkpoint_on_close(use == Use::kLead || !log);
  return file;
}

// Whose file is it? Makes a ledger without a run of an empty one.
Status LedgerFile::identify(Use use) {
  // The lock is held from the first read to the end, and no memory is shared with other processes.
  if (Status set = database_.run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF;"
                                 "PRAGMA cell_size_check = ON");
      !set) {
    return set;
  }
  const auto pages = database_.integer("PRAGMA page_count");
  if (!pages) return pages.error();
  const auto application = database_.integer("PRAGMA application_id");
  if (!application) return application.error();
  // SQLite takes a file of a few bytes for an empty one, and would write over it.
  const auto bytes = database_.file_bytes();
  if (!bytes) return bytes.error();
  new_ = *pages == 0 && *bytes == 0;
  if (!new_ && *application != kApplication) return Error{path() + ": is not a ledger"};
  const auto tables = database_.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (*tables == 0) {
    if (use == Use::kLook) return Error{path() + ": no run has begun in this ledger"};
    const std::string made = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                         kApplication, kLedgerFormat);
    if (Status status = database_.run(made.c_str()); !status) return status;
  }
  const auto format = database_.integer("PRAGMA user_version");
  if (!format) return format.error();
  if (*format != kLedgerFormat) {
    return Error{
        fmt::format("{}: is a ledger of format {}, and this Psephos knows format {}: use "
                    "the version that made it",
                    path(), *format, kLedgerFormat)};
  }
  if (use == Use::kLook) return Ok{};
  const auto mode = database_.text("PRAGMA journal_mode = WAL");
  if (!mode) return mode.error();
  if (*mode != "wal") {
    return Error{path() + ": its file system cannot keep a write-ahead log beside it"};
  }
  return database_.run("PRAGMA synchronous = FULL");
}

Status LedgerFile::read_run() {
  const auto tables = database_.text(
      "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL "
      "ORDER BY name)");
  if (!tables) return tables.error();
  if (tables->empty()) return Ok{};
  if (*tables != fmt::format("{}", fmt::join(kTables, ";"))) return damaged("its list of tables");

  auto select = database_.prepare(
      "SELECT run, words, parameters, rounds, x0_given, fingerprint, checksum FROM run");
  if (!select) return select.error();
  const auto row = select->step();
  if (!row) return row.error();
  if (!*row) return damaged("the run's row");
  RunRecord run;
  run.run = as_unsigned(select->integer(0));
  run.words = select->text(1);
  run.parameters = as_word(select->integer(2));
  run.rounds = as_word(select->integer(3));
  run.x0_given = select->integer(4) != 0;
  run.fingerprint = as_unsigned(select->integer(5));
  if (as_unsigned(select->integer(6)) != row_checksum(canonical(run)) || run.parameters == 0 ||
      run.parameters > kMaxParameters) {
    return damaged("the run's row");
  }
  run_ = std::move(run);

  const auto rounds = database_.integer("SELECT max(round) + 1 FROM decisions");
  if (!rounds) return rounds.error();
  if (*rounds < 0 || *rounds > std::int64_t{run_->rounds}) return damaged("its list of decisions");
  rounds_ = as_word(*rounds);
  auto chain = chain_before(rounds_);
  if (!chain) return chain.error();
  chain_ = *chain;
  return Ok{};
}

Result<Chain> LedgerFile::chain_before(std::uint32_t round) {
  if (round == 0) return first_chain(*run_);
  auto before = decision(round - 1);
  if (!before) return before.error();
  return before->chain;
}

// ---- reading -----------------------------------------------------------------------------------

Result<StoredDecision> LedgerFile::decision(std::uint32_t round) {
  VoterNames names;
  return decision(round, names);
}

Result<StoredDecision> LedgerFile::decision(std::uint32_t round, VoterNames& names) {
  auto select = database_.prepare(
      "SELECT delta, keep, decay_pending, voters, fingerprint, events, left_out, encoding,"
      " checksum, chain, scales, counted, planes FROM decisions WHERE round = ?1");
  if (!select) return select.error();
  const auto row = select->bind(round).step();
  if (!row) return row.error();
  if (!*row)
    return Error{fmt::format("{}: round {} is missing: go on from a backup", path(), round)};
  const auto broken = [&] { return damaged(fmt::format("the row of round {}", round)); };
  auto record = std::make_shared<DecisionRecord>();
  record->round = round;
  record->delta = static_cast<float>(select->real(0));
  record->keep = static_cast<float>(select->real(1));
  record->decay_pending = select->real(2);
  record->voters = as_word(select->integer(3));
  record->fingerprint = as_unsigned(select->integer(4));
  const std::int64_t encoding = select->integer(7);
  if (encoding < 0 || encoding > static_cast<std::int64_t>(Encoding::kChange)) return broken();
  record->votes.encoding = static_cast<Encoding>(encoding);
  const std::span<const std::uint8_t> scales = select->blob(10);
  if (scales.size() % sizeof(float) != 0) return broken();
  record->scales.resize(scales.size() / sizeof(float));
  if (!scales.empty()) std::memcpy(record->scales.data(), scales.data(), scales.size());
  auto counted = name_voters(round, select->blob(11), names);
  if (!counted) return counted.error();
  record->counted = *std::move(counted);
  record->votes.planes = bytes_of(select->blob(12));

  StoredDecision stored;
  stored.events = as_word(select->integer(5));
  stored.left_out = as_word(select->integer(6));
  const std::span<const std::uint8_t> chain = select->blob(9);
  const std::string hashed = canonical(*record, stored.events, stored.left_out);
  if (chain.size() != stored.chain.size() ||
      as_unsigned(select->integer(8)) != row_checksum(hashed)) {
    return broken();
  }
  std::copy(chain.begin(), chain.end(), stored.chain.begin());
  stored.record = std::move(record);
  return stored;
}

Result<std::vector<CountedBallot>> LedgerFile::name_voters(std::uint32_t round,
                                                           std::span<const std::uint8_t> numbered,
                                                           VoterNames& names) {
  const auto broken = [&] { return damaged(fmt::format("the list of voters of round {}", round)); };
  if (numbered.size() % kNumberedVoter != 0) return broken();
  if (names.size() > kVoterNamesKept) names.clear();
  auto select = database_.prepare("SELECT identity, checksum FROM voters WHERE number = ?1");
  if (!select) return select.error();
  std::vector<CountedBallot> counted;
  counted.reserve(numbered.size() / kNumberedVoter);
  for (; !numbered.empty(); numbered = numbered.subspan(kNumberedVoter)) {
    std::uint32_t number = 0;
    std::memcpy(&number, numbered.data(), sizeof number);
    const std::uint32_t age = numbered[sizeof number];
    if (age > round) return broken();
    auto known = names.find(number);
    if (known == names.end()) {
      auto name = name_of(number, *select);
      if (!name) return name.error();
      known = names.emplace(number, *std::move(name)).first;
    }
    counted.push_back({known->second, round - age});
  }
  return counted;
}

Result<std::string> LedgerFile::name_of(std::uint32_t voter, Statement& select) {
  const auto row = select.bind(voter).step();
  if (!row) return row.error();
  const auto broken = [&] { return damaged(fmt::format("the row of voter {}", voter)); };
  if (!*row) return broken();
  std::string name(select.text(0));
  if (as_unsigned(select.integer(1)) != row_checksum(canonical_voter(voter, name))) return broken();
  return name;
}

Result<Membership> LedgerFile::membership(const StoredDecision& decision) {
  auto select = database_.prepare(
      "SELECT place, kind, identity, checksum FROM membership WHERE round = ?1 ORDER BY place");
  if (!select) return select.error();
  const std::uint32_t round = decision.record->round;
  const auto broken = [&] {
    return damaged(fmt::format("the list of who came and went before round {}", round + 1));
  };
  Membership membership;
  membership.left_out = decision.left_out;
  select->bind(round);
  while (true) {
    const auto row = select->step();
    if (!row) return row.error();
    if (!*row) break;
    const std::int64_t kind = select->integer(1);
    const auto place = static_cast<std::uint32_t>(membership.events.size());
    if (kind < 0 || kind > static_cast<std::int64_t>(MembershipEvent::Kind::kLeft) ||
        select->integer(0) != place) {
      return broken();
    }
    const MembershipEvent event{static_cast<MembershipEvent::Kind>(kind),
                                std::string(select->text(2))};
    if (as_unsigned(select->integer(3)) != row_checksum(canonical(round, place, event))) {
      return broken();
    }
    membership.events.push_back(event);
  }
  if (membership.events.size() != decision.events) return broken();
  return membership;
}

Result<std::vector<std::uint32_t>> LedgerFile::checkpoints() {
  auto select = database_.prepare("SELECT round FROM checkpoints ORDER BY round");
  if (!select) return select.error();
  std::vector<std::uint32_t> rounds;
  while (true) {
    const auto row = select->step();
    if (!row) return row.error();
    if (!*row) return rounds;
    rounds.push_back(as_word(select->integer(0)));
  }
}

Result<CheckpointRef> LedgerFile::checkpoint(std::uint32_t round) {
  auto select = database_.prepare(
      "SELECT fingerprint, size, checksum, packed FROM checkpoints WHERE round = ?1");
  if (!select) return select.error();
  const auto row = select->bind(round).step();
  if (!row) return row.error();
  const auto broken = [&] { return damaged(fmt::format("the checkpoint of round {}", round)); };
  if (!*row) return broken();
  auto checkpoint = std::make_shared<Checkpoint>();
  checkpoint->round = round;
  checkpoint->fingerprint = as_unsigned(select->integer(0));
  const std::uint64_t size = as_unsigned(select->integer(1));
  const std::span<const std::uint8_t> packed = select->blob(3);
  if (as_unsigned(select->integer(2)) != row_checksum(canonical(*checkpoint, size, packed)) ||
      size > wire::max_checkpoint_bytes(run_->parameters)) {
    return broken();
  }
  auto bytes = unpack(packed, size);
  if (!bytes) return broken();
  checkpoint->bytes = *std::move(bytes);
  return CheckpointRef(std::move(checkpoint));
}

Result<std::vector<EpochRecord>> LedgerFile::epochs() {
  auto select = database_.prepare("SELECT epoch, round, lost, checksum FROM epochs ORDER BY epoch");
  if (!select) return select.error();
  std::vector<EpochRecord> epochs;
  while (true) {
    const auto row = select->step();
    if (!row) return row.error();
    if (!*row) return epochs;
    const EpochRecord epoch{as_word(select->integer(0)), as_word(select->integer(1)),
                            as_word(select->integer(2))};
    if (as_unsigned(select->integer(3)) != row_checksum(canonical(epoch))) {
      return damaged("the list of epochs");
    }
    epochs.push_back(epoch);
  }
}

Status LedgerFile::check_pages() {
  const auto said = database_.text("PRAGMA integrity_check(1)");
  if (!said) return said.error();
  if (*said == "ok") return Ok{};
  return Error{fmt::format("{}: is damaged ({}): go on from a backup", path(), *said)};
}

Status LedgerFile::check_voters() {
  auto select = database_.prepare("SELECT number, identity, checksum FROM voters");
  if (!select) return select.error();
  while (true) {
    const auto row = select->step();
    if (!row) return row.error();
    if (!*row) return Ok{};
    const std::uint64_t number = as_unsigned(select->integer(0));
    const std::uint64_t checksum = row_checksum(canonical_voter(number, select->text(1)));
    if (as_unsigned(select->integer(2)) != checksum) {
      return damaged(fmt::format("the row of voter {}", number));
    }
  }
}

Result<LedgerFile::Rows> LedgerFile::count_rows() {
  auto select = database_.prepare(
      "SELECT (SELECT count(*) FROM run), (SELECT count(*) FROM decisions),"
      " (SELECT count(*) FROM membership), (SELECT count(*) FROM voters)");
  if (!select) return select.error();
  if (const auto row = select->step(); !row) return row.error();
  return Rows{select->integer(0), select->integer(1), select->integer(2), select->integer(3)};
}

// ---- writing -----------------------------------------------------------------------------------

Status LedgerFile::begin(const RunRecord& run, const Checkpoint& x_0) {
  PSEPHOS_CHECK(!run_, "a ledger is of one run");
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  for (const std::string_view table : kTables) {
    if (Status made = database_.run(std::string(table).c_str()); !made) return made;
  }
  if (Status inserted = insert(run); !inserted) return inserted;
  if (Status inserted = insert(x_0); !inserted) return inserted;
  if (Status committed = transaction->commit(); !committed) return committed;
  run_ = run;
  chain_ = first_chain(run);
  return settle();
}

Status LedgerFile::insert(const RunRecord& run) {
  auto insert = database_.prepare("INSERT INTO run VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  if (!insert) return insert.error();
  return insert
      ->bind(run.run, run.words, run.parameters, run.rounds, std::uint32_t{run.x0_given},
             run.fingerprint, row_checksum(canonical(run)))
      .run();
}

Status LedgerFile::insert(const Checkpoint& checkpoint) {
  const Bytes packed = pack(checkpoint.bytes);
  const std::uint64_t size = checkpoint.bytes.size();
  auto insert = database_.prepare("INSERT OR REPLACE INTO checkpoints VALUES(?1, ?2, ?3, ?4, ?5)");
  if (!insert) return insert.error();
  return insert
      ->bind(checkpoint.round, checkpoint.fingerprint, size,
             row_checksum(canonical(checkpoint, size, packed)), std::span(packed))
      .run();
}

// A checkpoint syncs the log before it copies from it.
Status LedgerFile::settle() {
  const auto busy = database_.integer("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!busy) return busy.error();
  if (*busy != 0) return Error{path() + ": is being read by somebody: try again"};
  return Ok{};
}

Status LedgerFile::grow(std::uint32_t rounds) {
  RunRecord grown = *run_;
  grown.rounds = rounds;
  auto update = database_.prepare("UPDATE run SET rounds = ?1, checksum = ?2");
  if (!update) return update.error();
  Status updated = update->bind(rounds, row_checksum(canonical(grown))).run();
  if (updated) run_ = std::move(grown);
  return updated;
}

Status LedgerFile::begin_epoch(const EpochRecord& record) {
  auto insert = database_.prepare("INSERT INTO epochs VALUES(?1, ?2, ?3, ?4)");
  if (!insert) return insert.error();
  return insert->bind(record.epoch, record.round, record.lost, row_checksum(canonical(record)))
      .run();
}

// kNumberedVoter bytes a ballot. Voters seen for the first time are given a number.
Result<Bytes> LedgerFile::number_voters(const DecisionRecord& record) {
  auto find = database_.prepare("SELECT number FROM voters WHERE identity = ?1");
  if (!find) return find.error();
  auto add = database_.prepare("INSERT INTO voters VALUES(?1, ?2, ?3)");
  if (!add) return add.error();
  const auto highest = database_.integer("SELECT max(number) FROM voters");
  if (!highest) return highest.error();
  std::uint32_t newest = as_word(*highest);
  Bytes numbered(record.counted.size() * kNumberedVoter);
  std::uint8_t* at = numbered.data();
  for (const CountedBallot& ballot : record.counted) {
    const auto known = find->bind(ballot.identity).step();
    if (!known) return known.error();
    const std::uint32_t number = *known ? as_word(find->integer(0)) : ++newest;
    if (!*known) {
      const std::uint64_t checksum = row_checksum(canonical_voter(number, ballot.identity));
      if (Status added = add->bind(number, ballot.identity, checksum).run(); !added) {
        return added.error();
      }
    }
    const std::uint32_t age = record.round - ballot.round;
    PSEPHOS_CHECK(age <= kMaxStaleness, "a ballot older than any that counts");
    std::memcpy(at, &number, sizeof number);
    at[sizeof number] = static_cast<std::uint8_t>(age);
    at += kNumberedVoter;
  }
  return numbered;
}

Status LedgerFile::commit(const DecisionRecord& record, const Membership& membership) {
  PSEPHOS_CHECK(run_ && record.round == rounds_, "decisions are committed in order");
  PSEPHOS_CHECK(membership.events.size() <= kMaxMembershipEvents, "more events than are kept");
  const auto events = static_cast<std::uint32_t>(membership.events.size());
  const std::string hashed = canonical(record, events, membership.left_out);
  const Chain chain = next_chain(chain_, hashed);

  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  const auto numbered = number_voters(record);
  if (!numbered) return numbered.error();
  const std::span scales(reinterpret_cast<const std::uint8_t*>(record.scales.data()),
                         record.scales.size() * sizeof(float));
  {
    auto insert = database_.prepare(
        "INSERT INTO decisions VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
        "?14)");
    if (!insert) return insert.error();
    insert->bind(record.round, record.delta, record.keep, record.decay_pending, record.voters,
                 record.fingerprint, events, membership.left_out,
                 static_cast<std::uint32_t>(record.votes.encoding), row_checksum(hashed),
                 std::span<const std::uint8_t>(chain), scales,
                 std::span<const std::uint8_t>(*numbered),
                 std::span<const std::uint8_t>(record.votes.planes));
    if (Status inserted = insert->run(); !inserted) return inserted;
    auto add = database_.prepare("INSERT INTO membership VALUES(?1, ?2, ?3, ?4, ?5)");
    if (!add) return add.error();
    for (std::uint32_t place = 0; place < events; ++place) {
      const MembershipEvent& event = membership.events[place];
      add->bind(record.round, place, static_cast<std::uint32_t>(event.kind), event.identity,
                row_checksum(canonical(record.round, place, event)));
      if (Status added = add->run(); !added) return added;
    }
  }
  if (Status committed = transaction->commit(); !committed) return committed;
  ++rounds_;
  chain_ = chain;
  return Ok{};
}

Status LedgerFile::add_checkpoint(const Checkpoint& checkpoint) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  if (Status inserted = insert(checkpoint); !inserted) return inserted;
  const auto kept = checkpoints();
  if (!kept) return kept.error();
  {
    auto forget = database_.prepare("DELETE FROM checkpoints WHERE round = ?1");
    if (!forget) return forget.error();
    for (std::size_t i = 0; i + 2 < kept->size(); ++i) {
      if (is_checkpoint_kept((*kept)[i])) continue;
      if (Status forgotten = forget->bind((*kept)[i]).run(); !forgotten) return forgotten;
    }
  }
  return transaction->commit();
}

Status LedgerFile::copy_to(const std::string& destination) {
  auto vacuum = database_.prepare("VACUUM INTO ?1");
  if (!vacuum) return vacuum.error();
  return vacuum->bind(destination).run();
}

// ---- in order ----------------------------------------------------------------------------------

Result<DecisionReader> DecisionReader::from(LedgerFile& file, std::uint32_t round) {
  PSEPHOS_CHECK(file.run(), "a ledger without a run");
  auto chain = file.chain_before(round);
  if (!chain) return chain.error();
  return DecisionReader(file, round, *chain);
}

Result<StoredDecision> DecisionReader::next() {
  auto stored = file_->decision(round_, names_);
  if (!stored) return stored.error();
  chain_ = next_chain(chain_, canonical(*stored->record, stored->events, stored->left_out));
  if (chain_ != stored->chain) {
    return Error{
        fmt::format("{}: round {} does not continue the chain of those before: go on from "
                    "a backup",
                    file_->path(), round_)};
  }
  ++round_;
  return stored;
}

}  // namespace psephos::coordinator
