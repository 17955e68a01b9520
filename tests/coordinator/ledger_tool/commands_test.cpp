#include "coordinator/ledger_tool/commands.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <optional>
#include <string>

#include "coordinator/ledger/sqlite_ledger.h"
#include "tests/coordinator/ledger/failing_vfs.h"
#include "tests/coordinator/ledger/written_run.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos::coordinator {
namespace {

namespace fs = std::filesystem;

class LedgerCommands : public ::testing::Test {
 protected:
  LedgerCommands() { write_run("run"); }

  void write_run(const std::string& name) {
    testing::FailingVfs vfs;
    vfs.syncs = false;
    auto kept = SqliteLedger::open(path(name), testing::FailingVfs::kName);
    ASSERT_TRUE(kept.ok());
    testing::WrittenRun written(**kept, 200, 1);
    written.rounds(10);
  }
  void change(const char* sql) {
    auto database = sqlite::Database::open(path("run"), SQLITE_OPEN_READWRITE, "");
    const Status changed = database->run(sql);
    ASSERT_TRUE(changed.ok()) << changed.error().text;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder_.path()), {}); }
  std::string refused(const Result<bool>& done) {
    EXPECT_FALSE(done.ok());
    return done ? "" : done.error().text;
  }

  TemporaryFolder folder_;
};

TEST_F(LedgerCommands, AnExportNeverWritesOverTheLedger) {
  fs::create_symlink(path("run"), path("symbolic"));
  fs::create_hard_link(path("run"), path("hard"));
  fs::create_hard_link(path("run"), path("x.npy.tmp"));  // where x.npy is prepared
  const FileBytes before = read_file(folder_ / "run");
  for (const char* out : {"run", "symbolic", "hard", "x.npy"}) {
    const auto done = export_parameters(path("run"), std::nullopt, path(out), 1);
    EXPECT_NE(refused(done).find("--out: " + path(out)), std::string::npos) << out;
    EXPECT_EQ(read_file(folder_ / "run"), before);
  }
  EXPECT_TRUE(export_parameters(path("run"), std::nullopt, path("y.npy"), 1).ok());
}

TEST_F(LedgerCommands, ABackupHasNoNameThatIsTaken) {
  fs::create_symlink(path("run"), path("symbolic"));
  fs::create_hard_link(path("run"), path("hard"));
  fs::create_symlink(path("nothing"), path("dangling"));
  const FileBytes before = read_file(folder_ / "run");
  for (const char* taken : {"run", "symbolic", "hard", "dangling"}) {
    EXPECT_NE(refused(back_up(path("run"), path(taken), 1)).find("is there already"),
              std::string::npos);
  }
  EXPECT_EQ(read_file(folder_ / "run"), before);
  EXPECT_EQ(files(), 4);
}

// The copy is made under the name DEST.tmp.
TEST_F(LedgerCommands, ABackupDeletesNothingThatIsNotItsOwn) {
  write_file(folder_ / "copy.tmp", "notes of mine");
  EXPECT_NE(refused(back_up(path("run"), path("copy"), 1)).find(path("copy.tmp")),
            std::string::npos);
  EXPECT_EQ(read_file(folder_ / "copy.tmp").size(), 13u);

  write_run("ledger.tmp");
  const FileBytes before = read_file(folder_ / "ledger.tmp");
  EXPECT_FALSE(back_up(path("ledger.tmp"), path("ledger"), 1).ok());
  EXPECT_EQ(read_file(folder_ / "ledger.tmp"), before);
  EXPECT_EQ(files(), 3);
}

TEST_F(LedgerCommands, ABackupIsOfARunThatVerifiesOrIsNotMade) {
  ASSERT_TRUE(back_up(path("run"), path("copy"), 1).ok());
  EXPECT_EQ(files(), 2);
  auto copy = LedgerFile::open(path("copy"), LedgerFile::Use::kLook);
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->rounds(), 10u);

  change("UPDATE decisions SET voters = voters + 1 WHERE round = 5");
  const std::string why = refused(back_up(path("run"), path("another"), 1));
  EXPECT_TRUE(why.starts_with(path("run") + ": ")) << why;
  EXPECT_NE(why.find("the row of round 5 is damaged"), std::string::npos) << why;
  EXPECT_EQ(files(), 2);
}

TEST_F(LedgerCommands, ABackupIsNotPutBesideAnotherLedgersLog) {
  write_file(path("copy") + "-wal", {1, 2, 3});
  const std::string why = refused(back_up(path("run"), path("copy"), 1));
  EXPECT_NE(why.find("copy-wal: is there, of another ledger"), std::string::npos) << why;
  EXPECT_EQ(files(), 2);
}

}  // namespace
}  // namespace psephos::coordinator
