#pragma once
// Ledgers in a folder of a test's own.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "coordinator/ledger/sqlite_ledger.h"
#include "tests/coordinator/ledger/failing_vfs.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos::coordinator::testing {

class SqliteLedgerTest : public ::testing::Test {
 protected:
  std::string file(const std::string& name = "run.ledger") const {
    return (folder_ / name).string();
  }
  std::unique_ptr<SqliteLedger> open(const std::string& name = "run.ledger",
                                     const std::string& vfs = "") {
    auto ledger = SqliteLedger::open(file(name), vfs);
    EXPECT_TRUE(ledger.ok()) << (ledger ? "" : ledger.error().text);
    return ledger ? *std::move(ledger) : nullptr;
  }
  std::string refusal(const std::string& name = "run.ledger") {
    const auto ledger = SqliteLedger::open(file(name));
    return ledger ? "" : ledger.error().text;
  }
  FileBytes contents(const std::string& name) const { return read_file(folder_ / name); }
  void write(const std::string& name, const std::string& text) { write_file(folder_ / name, text); }

  TemporaryFolder folder_;
};

}  // namespace psephos::coordinator::testing
