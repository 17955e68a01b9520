#include "coordinator/ledger/sqlite.h"

#include <fmt/format.h>

#include <iterator>
#include <system_error>
#include <utility>

namespace psephos::coordinator::sqlite {
namespace {

const char* meaning_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program (a coordinator, or psephos-ledger) has this ledger open: end it "
             "first";
    case SQLITE_FULL:
      return "the disk is full: free some space and start again; what was committed is safe";
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return "may not be written: check its permissions and those of its folder";
    case SQLITE_CANTOPEN:
      return "cannot be opened: does its folder exist, and may you write there?";
    case SQLITE_NOTADB:
      return "is not a ledger";
    case SQLITE_CORRUPT:
      return "is damaged: go on from a backup";
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:
      return "there is not enough memory";
    case SQLITE_IOERR:
      return "the disk failed to read or write it";
    default:
      return nullptr;
  }
}

}  // namespace

Result<Database> Database::open(const std::string& path, int flags, const std::string& vfs) {
  sqlite3* db = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                      vfs.empty() ? nullptr : vfs.c_str());
  Database database(std::unique_ptr<sqlite3, Close>(db), path);
  if (code != SQLITE_OK) return database.explain(code);
  return database;
}

Status Database::run(const char* sql) {
  const int code = sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return explain(code);
  return Ok{};
}

Result<std::int64_t> Database::integer(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const auto row = statement->step();
  if (!row) return row.error();
  return *row ? statement->integer(0) : 0;
}

Result<std::string> Database::text(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const auto row = statement->step();
  if (!row) return row.error();
  return *row ? std::string(statement->text(0)) : std::string();
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(db_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return explain(code);
  return Statement(*this, statement);
}

Result<std::int64_t> Database::file_bytes() {
  sqlite3_file* file = nullptr;
  int code = sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  // Of databases in memory ("", ":memory:") there is none.
  if (code == SQLITE_OK && file->pMethods == nullptr) {
    return Error{
        fmt::format("{}: is no file's name: choose another", path_.empty() ? "\"\"" : path_)};
  }
  sqlite3_int64 bytes = 0;
  if (code == SQLITE_OK) code = file->pMethods->xFileSize(file, &bytes);
  if (code != SQLITE_OK) return explain(code);
  return std::int64_t{bytes};
}

bool Database::is_read_only() const { return sqlite3_db_readonly(db_.get(), "main") == 1; }

void Database::checkpoint_on_close(bool yes) {
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, yes ? 0 : 1, nullptr);
}

Error Database::explain(int code) const {
  const char* meaning = meaning_of(code);
  std::string text =
      fmt::format("{}: {}", path_, meaning != nullptr ? meaning : "is not as a ledger should be");
  if (meaning == nullptr && db_ != nullptr) {
    fmt::format_to(std::back_inserter(text), " ({})", sqlite3_errmsg(db_.get()));
  }
  if ((code & 0xff) == SQLITE_IOERR && db_ != nullptr) {
    if (const int reason = sqlite3_system_errno(db_.get()); reason != 0) {
      fmt::format_to(std::back_inserter(text), " ({})", std::generic_category().message(reason));
    }
  }
  return Error{std::move(text)};
}

Result<bool> Statement::step() {
  if (code_ != SQLITE_OK) return database_->explain(code_);
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->explain(code);
}

Status Statement::run() {
  const auto row = step();
  if (!row) return row.error();
  return Ok{};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }

std::span<const std::uint8_t> Statement::blob(int column) const {
  const auto* data =
      static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(size)};
}

std::string_view Statement::text(int column) const {
  const std::span<const std::uint8_t> bytes = blob(column);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void Statement::bind_one(int place, std::int64_t value) {
  note(sqlite3_bind_int64(statement_.get(), place, value));
}

void Statement::bind_one(int place, double value) {
  note(sqlite3_bind_double(statement_.get(), place, value));
}

void Statement::bind_one(int place, std::string_view value) {
  note(sqlite3_bind_text64(statement_.get(), place, value.data() ? value.data() : "", value.size(),
                           SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind_one(int place, std::span<const std::uint8_t> value) {
  // A null pointer would bind NULL; an empty blob is a value.
  note(sqlite3_bind_blob64(statement_.get(), place,
                           value.empty() ? "" : static_cast<const void*>(value.data()),
                           value.size(), SQLITE_STATIC));
}

Result<Transaction> Transaction::begin(Database& database) {
  if (const Status begun = database.run("BEGIN IMMEDIATE"); !begun) return begun.error();
  return Transaction(database);
}

Transaction::~Transaction() {
  // SQLite may have rolled back by itself already; then there is nothing to do.
  if (database_ != nullptr) (void)database_->run("ROLLBACK");
}

Status Transaction::commit() {
  const Status committed = database_->run("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace psephos::coordinator::sqlite
