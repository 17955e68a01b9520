#pragma once
// SQLite's C interface with owners, and with sentences in place of codes. Knows nothing of what is
// stored. Not thread-safe.

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace psephos::coordinator::sqlite {

class Statement;

class Database {
 public:
  // `flags`: SQLITE_OPEN_*. `vfs`: a registered file system of SQLite's; empty: the machine's.
  static Result<Database> open(const std::string& path, int flags, const std::string& vfs);

  // One or several statements whose rows nobody wants.
  Status run(const char* sql);
  // The first column of the first row.
  Result<std::int64_t> integer(const char* sql);
  Result<std::string> text(const char* sql);
  // `sql` is ours: an error means a table that is not as we made it.
  Result<Statement> prepare(std::string_view sql);

  // Bytes of the file itself, once it has been read from. Refused for names that SQLite takes for
  // a database in memory.
  Result<std::int64_t> file_bytes();

  // The file may be read and not written, whatever was asked for when it was opened.
  bool is_read_only() const;

  // Whether the last connection that closes moves the write-ahead log into the file.
  void checkpoint_on_close(bool yes);

  // What an SQLITE_* code means for the person at the machine; begins with the path.
  Error explain(int code) const;

  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  Database(std::unique_ptr<sqlite3, Close> db, std::string path)
      : db_(std::move(db)), path_(std::move(path)) {}

  std::unique_ptr<sqlite3, Close> db_;
  std::string path_;
};

// A prepared statement. It must not outlive its database, nor see it move.
class Statement {
 public:
  // Values for ?1, ?2, ...: integers, floats, text, bytes. Text and bytes are borrowed until the
  // statement has been stepped through.
  template <class... Values>
  Statement& bind(const Values&... values) {
    sqlite3_reset(statement_.get());
    int place = 0;
    (bind_one(++place, values), ...);
    return *this;
  }

  // True: there is a row to be read. False: there are no more.
  Result<bool> step();
  // For a statement that yields no rows.
  Status run();

  // Of the row stepped to, columns from 0. Views are valid until the next step.
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::span<const std::uint8_t> blob(int column) const;
  std::string_view text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  Statement(const Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}

  void bind_one(int place, std::int64_t value);
  void bind_one(int place, std::uint64_t value) {
    bind_one(place, static_cast<std::int64_t>(value));  // bit by bit: SQLite has no other integer
  }
  void bind_one(int place, std::uint32_t value) { bind_one(place, std::int64_t{value}); }
  void bind_one(int place, double value);
  void bind_one(int place, float value) { bind_one(place, double{value}); }
  void bind_one(int place, std::string_view value);
  void bind_one(int place, const std::string& value) { bind_one(place, std::string_view(value)); }
  void bind_one(int place, std::span<const std::uint8_t> value);
  void note(int code) {
    if (code_ == SQLITE_OK) code_ = code;
  }

  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int code_ = SQLITE_OK;  // of the first bind that failed
};

// All or nothing: rolled back by the destructor unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace psephos::coordinator::sqlite
