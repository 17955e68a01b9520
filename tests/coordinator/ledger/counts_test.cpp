// What a ledger keeps of votes: until two checkpoints hold what the decision rule remembers, and
// then no longer.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "coordinator/ledger/sqlite_ledger.h"
#include "coordinator/ledger/verify.h"
#include "runtime/vote/net_counts.h"
#include "tests/coordinator/ledger/failing_vfs.h"
#include "tests/coordinator/ledger/written_run.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos::coordinator {
namespace {

using testing::FailingVfs;
using testing::WrittenRun;

class LedgerCounts : public ::testing::Test {
 protected:
  LedgerCounts() { vfs_.syncs = false; }

  std::string path() const { return (folder_ / "run").string(); }
  std::unique_ptr<SqliteLedger> open() {
    auto ledger = SqliteLedger::open(path(), FailingVfs::kName);
    EXPECT_TRUE(ledger.ok()) << (ledger ? "" : ledger.error().text);
    return ledger ? *std::move(ledger) : nullptr;
  }
  LedgerFile look() {
    auto file = LedgerFile::open(path(), LedgerFile::Use::kLook, FailingVfs::kName);
    EXPECT_TRUE(file.ok()) << file.error().text;
    return *std::move(file);
  }

  FailingVfs vfs_;
  TemporaryFolder folder_;
};

TEST_F(LedgerCounts, EveryColumnOfADecisionAndACheckpointComesBack) {
  MemoryLedger memory;
  WrittenRun written(memory, 300, WrittenRun::remembering(3));
  written.rounds(1);
  DecisionRecord record = *memory.decision(0);
  record.steps = {0.125F};
  record.next.local_lr = 0.75F;
  record.next.batch = 77;
  record.next.scales = {0.5F};
  const CountsRef counts = *memory.counts(0);
  ASSERT_TRUE(counts);
  ASSERT_EQ(record.counts_hash, hash_counts(*counts));
  const CheckpointRef checkpoint = written.room().checkpoint();
  ASSERT_GT(checkpoint->rule.size(), 300 * sizeof(float));
  {
    auto kept = open();
    ASSERT_TRUE(kept->begin(*memory.run(), memory.newest_checkpoint()).ok());
    ASSERT_TRUE(kept->commit(std::make_shared<DecisionRecord>(record), {}, counts).ok());
    ASSERT_TRUE(kept->add_checkpoint(checkpoint).ok());
  }
  const auto again = open();
  EXPECT_EQ(*again->run(), *memory.run());
  EXPECT_EQ(*again->decision(0), record);
  EXPECT_EQ(**again->counts(0), *counts);
  EXPECT_EQ(again->newest_checkpoint()->round, 1u);
  EXPECT_EQ(again->newest_checkpoint()->bytes, checkpoint->bytes);
  EXPECT_EQ(again->newest_checkpoint()->rule, checkpoint->rule);
}

TEST_F(LedgerCounts, AreKeptUntilTwoCheckpointsHoldTheState) {
  struct Stage {
    std::uint32_t rounds;
    std::uint32_t kept_from;
  };
  constexpr Stage kStages[] = {{1, 0},   {31, 0},  {32, 0},  {33, 0},  {63, 0},
                               {64, 32}, {95, 32}, {96, 64}, {130, 96}};
  for (const Stage& stage : kStages) {
    SCOPED_TRACE(stage.rounds);
    {
      auto kept = open();
      WrittenRun written(*kept, 200, WrittenRun::remembering(3));
      written.rounds(stage.rounds);
      for (std::uint32_t round = 0; round < stage.rounds; ++round) {
        const bool there = *kept->counts(round) != nullptr;
        EXPECT_EQ(there, round >= stage.kept_from) << round;
      }
      kept.reset();
      kept = open();
      for (std::uint32_t round = 0; round < stage.rounds; ++round) {
        const bool there = *kept->counts(round) != nullptr;
        EXPECT_EQ(there, round >= stage.kept_from) << round;
      }
    }
    {
      LedgerFile file = look();
      EXPECT_EQ(file.count_rows()->counts, stage.rounds - stage.kept_from);
      const Verification result = verify(file);
      EXPECT_FALSE(result.fault) << result.fault->text;
      EXPECT_TRUE(result.remembers);
      EXPECT_EQ(result.decided_again, stage.rounds - stage.kept_from);
      EXPECT_EQ(result.votes_gone_to, stage.kept_from);
    }
    std::filesystem::remove(path());
  }
}

TEST_F(LedgerCounts, ThereAreNoneOfARuleThatRemembersNothing) {
  {
    auto kept = open();
    WrittenRun written(*kept, 200, 3);
    written.rounds(40);
    EXPECT_FALSE(*kept->counts(39));
  }
  LedgerFile file = look();
  EXPECT_EQ(file.count_rows()->counts, 0);
  const Verification result = verify(file);
  EXPECT_FALSE(result.fault);
  EXPECT_FALSE(result.remembers);
  EXPECT_EQ(result.decided_again, 0u);
}

TEST_F(LedgerCounts, MemoryDropsThemAsTheFileDoes) {
  MemoryLedger memory;
  WrittenRun written(memory, 100, WrittenRun::remembering(5));
  written.rounds(100);
  for (std::uint32_t round = 0; round < 100; ++round) {
    EXPECT_EQ(*memory.counts(round) != nullptr, round >= 64) << round;
  }
  EXPECT_TRUE(memory.decision(40));  // which is within reach of catch-up
}

class CountedBallots : public LedgerCounts {
 protected:
  // Ann votes in every third round, ben two rounds late.
  static void lead(Ledger& ledger, std::uint32_t rounds) {
    MemoryLedger memory;
    const WrittenRun written(memory, 10, 1);
    ASSERT_TRUE(ledger.begin(*memory.run(), memory.newest_checkpoint()).ok());
    Checkpoint checkpoint = *memory.newest_checkpoint();
    for (std::uint32_t round = 0; round < rounds; ++round) {
      DecisionRecord record;
      record.round = round;
      if (round % 3 == 0) record.counted.push_back({"ann", round});
      if (round >= 2 && round % 2 == 0) record.counted.push_back({"ben", round - 2});
      record.voters = static_cast<std::uint32_t>(record.counted.size());
      ASSERT_TRUE(ledger.commit(std::make_shared<DecisionRecord>(record), {}, nullptr).ok());
      checkpoint.round = round + 1;
      if (checkpoint.round % kCheckpointEvery != 0) continue;
      ASSERT_TRUE(ledger.add_checkpoint(std::make_shared<Checkpoint>(checkpoint)).ok());
    }
  }
};

TEST_F(CountedBallots, AreKnownWithinMemorysReachAndInTheFileBeyondIt) {
  auto kept = open();
  ASSERT_NO_FATAL_FAILURE(lead(*kept, 200));
  ASSERT_FALSE(kept->decision(10));  // memory has forgotten it
  for (int time = 0; time < 2; ++time) {
    for (const std::uint32_t round : {0u, 3u, 99u, 198u}) {
      EXPECT_TRUE(*kept->is_counted("ann", round, 0)) << round;
      EXPECT_FALSE(*kept->is_counted("ann", round + 1, 0)) << round;
      EXPECT_FALSE(*kept->is_counted("cat", round, 3)) << round;
    }
    for (const std::uint32_t round : {0u, 2u, 98u, 196u}) {
      EXPECT_TRUE(*kept->is_counted("ben", round, 2)) << round;
      EXPECT_FALSE(*kept->is_counted("ben", round, 1)) << round;
    }
    EXPECT_FALSE(*kept->is_counted("ben", 198, 2));  // as far as it is decided
    EXPECT_FALSE(*kept->is_counted("ann", 200, 0));
    EXPECT_FALSE(*kept->is_counted("ann", 0xFFFFFFFE, 2));
    kept.reset();
    kept = open();
  }
}

TEST_F(CountedBallots, AreNotKnownBeyondTheReachOfMemoryAlone) {
  MemoryLedger memory;
  ASSERT_NO_FATAL_FAILURE(lead(memory, 200));
  EXPECT_TRUE(*memory.is_counted("ann", 198, 0));
  EXPECT_TRUE(*memory.is_counted("ben", 196, 2));
  EXPECT_FALSE(*memory.is_counted("ben", 196, 1));
  EXPECT_FALSE(*memory.is_counted("ann", 3, 0));
}

}  // namespace
}  // namespace psephos::coordinator
