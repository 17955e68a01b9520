// Whose file is it, and of which run? ledger_file_reading.cpp and ledger_file_writing.cpp are the
// rest.

#include "coordinator/ledger/ledger_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "coordinator/ledger/run_words.h"
#include "coordinator/ledger/tables.h"

namespace psephos::coordinator {
namespace {

constexpr int kMostLinks = 40;                     // as Linux follows
constexpr std::int64_t kApplication = 0x50534C47;  // "PSLG", where SQLite's header has room for it

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

bool is_there(const std::string& path) {
  std::error_code none;
  return std::filesystem::exists(path, none);
}

// Beside a linked ledger's own file, not beside the link, SQLite keeps its log.
std::string without_links(std::filesystem::path path) {
  std::error_code none;
  for (int links = 0; links < kMostLinks && std::filesystem::is_symlink(path, none); ++links) {
    path = path.parent_path() / std::filesystem::read_symlink(path, none);
  }
  return path.string();
}

}  // namespace

Error LedgerFile::damaged(std::string_view what) const {
  return Error{fmt::format("{}: {} is damaged: go on from a backup", path(), what)};
}

Result<LedgerFile> LedgerFile::open(const std::string& name, Use use, const std::string& vfs) {
  const std::string path = vfs.empty() ? without_links(name) : name;
  const int flags = SQLITE_OPEN_READWRITE | (use == Use::kLead ? SQLITE_OPEN_CREATE : 0);
  if (vfs.empty() && is_log_alone(path)) {
    return Error{fmt::format(
        "{0}: {0}-wal is there without its ledger: bring the two together, or remove it", path)};
  }
  auto database = sqlite::Database::open(path, flags, vfs);
  if (!database) {
    const bool sought = vfs.empty() && use == Use::kLook;
    return sought && !is_there(path) ? Error{path + ": there is no such file"} : database.error();
  }
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
  if (*format == 1) {
    return Error{
        fmt::format("{}: is a ledger of Psephos 0.2 (format 1), whose rounds say nothing of the "
                    "terms that this "
                    "version's protocol needs: lead its run to the end with 0.2, or export its "
                    "newest parameters "
                    "with 0.2's psephos-ledger export and begin a new run with --init",
                    path())};
  }
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
      "SELECT run, words, parameters, rounds, x0_given, fingerprint, checksum, tensors FROM run");
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
  auto tensors = tensors_of(select->text(7));
  if (!tensors) return damaged("the run's row");
  run.tensors = *std::move(tensors);
  if (as_unsigned(select->integer(6)) != row_checksum(canonical(run)) || run.parameters == 0 ||
      run.parameters > kMaxParameters || parameter_count(run.tensors) != run.parameters) {
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

}  // namespace psephos::coordinator
