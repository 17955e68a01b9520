#include "coordinator/ledger/sqlite_ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/ledger/verify.h"
#include "tests/coordinator/ledger/failing_vfs.h"
#include "tests/coordinator/ledger/sqlite_bench.h"
#include "tests/coordinator/ledger/written_run.h"

namespace psephos::coordinator {
namespace {

using testing::FailingVfs;
using testing::SqliteLedgerTest;
using testing::WrittenRun;

void expect_alike(const Ledger& one, const Ledger& other) {
  ASSERT_EQ(one.rounds(), other.rounds());
  ASSERT_EQ(one.epoch(), other.epoch());
  ASSERT_EQ(*one.run(), *other.run());
  ASSERT_EQ(one.newest_checkpoint()->round, other.newest_checkpoint()->round);
  ASSERT_EQ(one.newest_checkpoint()->bytes, other.newest_checkpoint()->bytes);
  for (std::uint32_t round = 0; round <= one.rounds(); ++round) {
    const DecisionRef mine = one.decision(round);
    const DecisionRef theirs = other.decision(round);
    const bool in_reach = round < one.rounds() && round + kDecisionsKept >= one.rounds();
    if (in_reach) {
      ASSERT_TRUE(mine && theirs) << round;
      ASSERT_EQ(*mine, *theirs);
    }
    const CheckpointRef checkpoint = one.checkpoint(round);
    const CheckpointRef its = other.checkpoint(round);
    ASSERT_EQ(static_cast<bool>(checkpoint), static_cast<bool>(its)) << round;
    if (checkpoint) {
      ASSERT_EQ(checkpoint->bytes, its->bytes);
    }
  }
}

TEST_F(SqliteLedgerTest, AnswersAsMemoryDoesHoweverOftenItIsReopened) {
  FailingVfs vfs;
  vfs.syncs = false;
  for (std::uint32_t seed = 0; seed < 4; ++seed) {
    const std::string name = std::to_string(seed);
    auto kept = open(name, FailingVfs::kName);
    MemoryLedger memory;
    WrittenRun written(memory, 300 + 400 * seed, seed);
    ASSERT_TRUE(kept->begin(*memory.run(), memory.newest_checkpoint()).ok());
    for (std::uint32_t round = 0; round < 150; ++round) {
      ASSERT_TRUE(written.round().ok());
      ASSERT_TRUE(kept->commit(memory.decision(round), {}, nullptr).ok());
      const CheckpointRef newest = memory.newest_checkpoint();
      if (newest->round == memory.rounds()) {
        ASSERT_TRUE(kept->add_checkpoint(newest).ok());
      }
      if (round % 37 == 36) {
        const EpochRecord epoch{memory.epoch() + 1, memory.rounds(), 5};
        ASSERT_TRUE(memory.begin_epoch(epoch).ok() && kept->begin_epoch(epoch).ok());
      }
      if (round % (1 + 10 * seed) == 0) {
        kept.reset();
        kept = open(name, FailingVfs::kName);
      }
      ASSERT_NO_FATAL_FAILURE(expect_alike(memory, *kept)) << "round " << round;
    }
  }
}

TEST_F(SqliteLedgerTest, KeepsEveryDecisionAndWhoCameAndWent) {
  std::map<std::uint32_t, DecisionRef> decided;
  {
    auto kept = open();
    WrittenRun written(*kept, 700, 3);
    for (std::uint32_t round = 0; round < 200; ++round) {
      ASSERT_TRUE(written.round().ok());
      decided[round] = kept->decision(round);
    }
    EXPECT_FALSE(kept->decision(0));  // out of catch-up's reach, in memory
  }
  auto looked = LedgerFile::open(file(), LedgerFile::Use::kLook);
  ASSERT_TRUE(looked.ok());
  EXPECT_EQ(looked->rounds(), 200u);
  std::size_t events = 0;
  for (const auto& [round, record] : decided) {
    const auto stored = looked->decision(round);
    ASSERT_TRUE(stored.ok());
    ASSERT_EQ(*stored->record, *record);
    const auto membership = looked->membership(*stored);
    ASSERT_TRUE(membership.ok());
    events += membership->events.size();
  }
  EXPECT_GT(events, 100u);
  EXPECT_EQ(*looked->checkpoints(), (std::vector<std::uint32_t>{0, 160, 192}));
  EXPECT_FALSE(verify(*looked).fault);
}

TEST_F(SqliteLedgerTest, KeepsAModelInAThousandRounds) {
  FailingVfs vfs;
  vfs.syncs = false;
  auto kept = open("run.ledger", FailingVfs::kName);
  MemoryLedger memory;
  WrittenRun written(memory, 10, 3);
  ASSERT_TRUE(kept->begin(*memory.run(), memory.newest_checkpoint()).ok());
  DecisionRecord record;
  for (std::uint32_t round = 0; round < 2200; ++round) {
    record.round = round;
    ASSERT_TRUE(kept->commit(std::make_shared<DecisionRecord>(record), {}, nullptr).ok());
    if ((round + 1) % 200 != 24) continue;  // 24, ..., 1024, ..., 2024
    Checkpoint checkpoint = *memory.newest_checkpoint();
    checkpoint.round = round + 1;
    ASSERT_TRUE(kept->add_checkpoint(std::make_shared<Checkpoint>(checkpoint)).ok());
  }
  kept.reset();
  auto looked = LedgerFile::open(file(), LedgerFile::Use::kLook);
  ASSERT_TRUE(looked.ok());
  EXPECT_EQ(*looked->checkpoints(), (std::vector<std::uint32_t>{0, 1024, 1824, 2024}));
}

TEST_F(SqliteLedgerTest, RoundsMayGrow) {
  {
    auto kept = open();
    WrittenRun written(*kept, 100, 1);
    written.rounds(3);
    ASSERT_TRUE(kept->grow(20'000).ok());
    written.rounds(3);
  }
  auto again = open();
  EXPECT_EQ(again->run()->rounds, 20'000u);
  EXPECT_EQ(again->rounds(), 6u);
}

// A killed coordinator leaves a log beside its ledger, and whoever moves the ledger may forget it.
TEST_F(SqliteLedgerTest, ALedgerWithoutItsLogIsStillOfItsRun) {
  auto kept = open();
  WrittenRun written(*kept, 500, 1);
  written.rounds(3);
  write_file(folder_ / "alone", contents("run.ledger"));
  const auto alone = open("alone");
  ASSERT_TRUE(alone->run() != nullptr);
  EXPECT_EQ(*alone->run(), *kept->run());
  EXPECT_EQ(alone->checkpoint(0)->bytes, kept->checkpoint(0)->bytes);
}

TEST_F(SqliteLedgerTest, ALedgerThatIsThereWithoutARunIsSaid) {
  EXPECT_TRUE(open()->notes().empty());
  const auto again = open();
  ASSERT_EQ(again->notes().size(), 1u);
  EXPECT_NE(again->notes()[0].find("no run has begun in it"), std::string::npos);
}

TEST_F(SqliteLedgerTest, ALogWithoutItsLedgerIsRefusedAndUntouched) {
  {
    auto kept = open();
    WrittenRun written(*kept, 500, 1);
    written.rounds(3);
    write_file(folder_ / "moved-wal", contents("run.ledger-wal"));
  }
  const FileBytes log = contents("moved-wal");
  ASSERT_FALSE(log.empty());
  EXPECT_NE(refusal("moved").find("moved-wal is there without its ledger"), std::string::npos);
  EXPECT_EQ(contents("moved-wal"), log);
  EXPECT_FALSE(std::filesystem::exists(file("moved")));
}

TEST_F(SqliteLedgerTest, ALinksLogIsBesideTheLedgerThatItLeadsTo) {
  std::filesystem::create_symlink("target", file("link"));  // where nothing is yet
  write_file(folder_ / "target-wal", {1, 2, 3});
  EXPECT_NE(refusal("link").find("target-wal is there without its ledger"), std::string::npos);
  EXPECT_EQ(contents("target-wal"), (FileBytes{1, 2, 3}));
}

TEST_F(SqliteLedgerTest, WhatIsNoFilesNameIsRefused) {
  for (const std::string name : {"", ":memory:"}) {
    const auto kept = SqliteLedger::open(name);
    ASSERT_FALSE(kept.ok());
    EXPECT_NE(kept.error().text.find("is no file's name"), std::string::npos) << kept.error().text;
    const auto looked = LedgerFile::open(name, LedgerFile::Use::kLook);
    ASSERT_FALSE(looked.ok());
    EXPECT_NE(looked.error().text.find("is no file's name"), std::string::npos);
  }
}

TEST_F(SqliteLedgerTest, ASecondCoordinatorIsRefusedAndHarmsNothing) {
  auto kept = open();
  WrittenRun written(*kept, 100, 1);
  for (int i = 0; i < 5; ++i) {
    EXPECT_NE(refusal().find("another program (a coordinator, or "
                             "psephos-ledger) has this ledger open"),
              std::string::npos);
    const auto looker = LedgerFile::open(file(), LedgerFile::Use::kLook);
    ASSERT_FALSE(looker.ok());
    written.rounds(2);
  }
  kept.reset();
  auto again = open();
  EXPECT_EQ(again->rounds(), 10u);
}

TEST_F(SqliteLedgerTest, ASecondCoordinatorIsRefusedBeforeARunHasBegun) {
  auto first = open();
  EXPECT_NE(refusal().find("another program"), std::string::npos);
  WrittenRun written(*first, 100, 1);
  EXPECT_TRUE(written.round().ok());
}

TEST_F(SqliteLedgerTest, AFileThatIsNoLedgerIsRefusedAndUntouched) {
  write("text", "these are notes of mine, and I want to keep them: " + std::string(5000, 'x'));
  write("short", "no");
  const FileBytes text = contents("text");
  for (const char* name : {"text", "short"}) {
    EXPECT_EQ(refusal(name), file(name) + ": is not a ledger");
    EXPECT_FALSE(LedgerFile::open(file(name), LedgerFile::Use::kLook).ok());
  }
  EXPECT_EQ(contents("text"), text);
  EXPECT_EQ(contents("short"), (FileBytes{'n', 'o'}));

  for (const char* mode : {"DELETE", "WAL"}) {
    const std::string name = std::string("others.") + mode;
    {
      auto other =
          sqlite::Database::open(file(name), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "");
      ASSERT_TRUE(other.ok());
      ASSERT_TRUE(other->run(("PRAGMA journal_mode = " + std::string(mode)).c_str()).ok());
      ASSERT_TRUE(other
                      ->run("CREATE TABLE addresses(name TEXT); "
                            "INSERT INTO addresses VALUES('ann')")
                      .ok());
    }
    const FileBytes before = contents(name);
    EXPECT_EQ(refusal(name), file(name) + ": is not a ledger");
    EXPECT_EQ(contents(name), before);
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}),
            4);  // and no litter
}

TEST_F(SqliteLedgerTest, ANewerFormatIsRefusedAndUntouched) {
  {
    auto kept = open();
    WrittenRun written(*kept, 100, 1);
    written.rounds(2);
  }
  {
    auto database = sqlite::Database::open(file(), SQLITE_OPEN_READWRITE, "");
    ASSERT_TRUE(database->run("PRAGMA user_version = 3").ok());
  }
  const FileBytes before = contents("run.ledger");
  EXPECT_NE(refusal().find("is a ledger of format 3, and this Psephos knows format 2"),
            std::string::npos);
  EXPECT_EQ(contents("run.ledger"), before);
}

TEST_F(SqliteLedgerTest, AnOlderFormatIsRefusedWithAWayOutAndUntouched) {
  {
    auto kept = open();
    WrittenRun written(*kept, 100, 1);
    written.rounds(2);
  }
  {
    auto database = sqlite::Database::open(file(), SQLITE_OPEN_READWRITE, "");
    ASSERT_TRUE(database->run("PRAGMA user_version = 1").ok());
  }
  const FileBytes before = contents("run.ledger");
  const std::string sentence =
      file() +
      ": is a ledger of Psephos 0.2 (format 1), whose rounds say nothing of the terms that this "
      "version's protocol needs: lead its run to the end with 0.2, or export its newest parameters "
      "with 0.2's psephos-ledger export and begin a new run with --init";
  EXPECT_EQ(refusal(), sentence);
  const auto looked = LedgerFile::open(file(), LedgerFile::Use::kLook);
  ASSERT_FALSE(looked.ok());
  EXPECT_EQ(looked.error().text, sentence);
  EXPECT_EQ(contents("run.ledger"), before);
}

TEST_F(SqliteLedgerTest, WhereThereIsNoFolderOrNoPermissionASentenceSaysSo) {
  EXPECT_NE(refusal("no/such/folder").find("does its folder exist"), std::string::npos);
  const auto looked = LedgerFile::open(file("nothing"), LedgerFile::Use::kLook);
  ASSERT_FALSE(looked.ok());
  EXPECT_FALSE(std::filesystem::exists(file("nothing")));
}

TEST_F(SqliteLedgerTest, ADamagedCheckpointIsReplacedByAnOlderOneAndThatIsSaid) {
  {
    auto kept = open();
    WrittenRun written(*kept, 500, 1);
    written.rounds(96);
  }
  {
    auto database = sqlite::Database::open(file(), SQLITE_OPEN_READWRITE, "");
    ASSERT_TRUE(
        database->run("UPDATE checkpoints SET packed = zeroblob(2000) WHERE round = 96").ok());
  }
  {
    auto again = open();
    ASSERT_EQ(again->notes().size(), 1u);
    EXPECT_NE(again->notes()[0].find("the checkpoint of round 96 is damaged"), std::string::npos);
    EXPECT_EQ(again->newest_checkpoint()->round, 64u);
    EXPECT_EQ(again->rounds(), 96u);
    for (std::uint32_t round = 32; round < 96; ++round) ASSERT_TRUE(again->decision(round));
    // What the coordinator does then: it replays, and takes the checkpoint again.
    auto whole = std::make_shared<Checkpoint>(*again->newest_checkpoint());
    whole->round = 96;
    ASSERT_TRUE(again->add_checkpoint(whole).ok());
  }
  EXPECT_TRUE(open()->notes().empty());
}

TEST_F(SqliteLedgerTest, AReadOnlyLedgerIsCalledThat) {
  {
    auto kept = open();
    WrittenRun written(*kept, 500, 1);
    written.rounds(2);
  }
  const FileBytes before = contents("run.ledger");
  FailingVfs vfs;
  vfs.read_only = true;
  for (const LedgerFile::Use use : {LedgerFile::Use::kLead, LedgerFile::Use::kLook}) {
    const auto kept = LedgerFile::open(file(), use, FailingVfs::kName);
    ASSERT_FALSE(kept.ok());
    EXPECT_EQ(kept.error().text,
              file() + ": may not be written: check its permissions and those of its folder");
  }
  EXPECT_EQ(contents("run.ledger"), before);
}

// One that becomes so while it is led: a file system that was mounted again, after an error.
TEST_F(SqliteLedgerTest, ALedgerThatTurnsReadOnlyIsCalledThat) {
  FailingVfs vfs;
  auto kept = open("run.ledger", FailingVfs::kName);
  WrittenRun written(*kept, 500, 1);
  written.rounds(2);
  vfs.code = SQLITE_READONLY;
  vfs.fail_at = vfs.calls + 1;
  const Status refused = written.round();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().text,
            file() + ": may not be written: check its permissions and those of its folder");
}

TEST_F(SqliteLedgerTest, AFullDiskIsCalledThat) {
  FailingVfs vfs;
  auto kept = SqliteLedger::open(file(), FailingVfs::kName);
  ASSERT_TRUE(kept.ok());
  WrittenRun written(**kept, 500, 1);
  written.rounds(2);
  vfs.fail_at = vfs.calls + 1;
  const Status full = written.round();
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().text, file() +
                                   ": the disk is full: free some space and start again; what was "
                                   "committed is safe");
}

}  // namespace
}  // namespace psephos::coordinator
