#include "coordinator/ledger/verify.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "coordinator/ledger/difference.h"
#include "coordinator/ledger/history.h"
#include "coordinator/ledger/sqlite_ledger.h"
#include "tests/coordinator/ledger/failing_vfs.h"
#include "tests/coordinator/ledger/written_run.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos::coordinator {
namespace {

using testing::close;
using testing::FailingVfs;
using testing::WrittenRun;

class Verify : public ::testing::Test {
 protected:
  Verify() { vfs_.syncs = false; }

  std::string path(const std::string& name = "run") const { return (folder_ / name).string(); }
  void write_run(std::uint32_t rounds, const std::string& name = "run", std::uint32_t seed = 7,
                 std::size_t d = 700) {
    auto kept = SqliteLedger::open(path(name), FailingVfs::kName);
    ASSERT_TRUE(kept.ok());
    WrittenRun written(**kept, d, seed);
    written.rounds(rounds);
  }
  void change(const char* sql, const std::string& name = "run") {
    auto database = sqlite::Database::open(path(name), SQLITE_OPEN_READWRITE, "");
    const Status changed = database->run(sql);
    ASSERT_TRUE(changed.ok()) << changed.error().text;
  }
  LedgerFile look(const std::string& name = "run") {
    auto file = LedgerFile::open(path(name), LedgerFile::Use::kLook);
    EXPECT_TRUE(file.ok()) << file.error().text;
    return *std::move(file);
  }
  // After `sql`: the first bad round; none where what is wrong is of no round, or of all.
  std::optional<std::uint32_t> first_bad_round(const char* sql) {
    write_run(70);
    change(sql);
    auto file = LedgerFile::open(path(), LedgerFile::Use::kLook);
    if (!file) return std::nullopt;  // the newest row is read already then
    const auto fault = verify(*file).fault;
    EXPECT_TRUE(fault) << sql;
    return fault ? fault->round : std::nullopt;
  }

  FailingVfs vfs_;
  TemporaryFolder folder_;
};

TEST_F(Verify, ARunAsItWasWrittenIsGood) {
  write_run(70);
  LedgerFile file = look();
  EXPECT_FALSE(verify(file).fault);
}

TEST_F(Verify, NamesTheRoundWhoseRowChanged) {
  EXPECT_EQ(first_bad_round("UPDATE decisions SET voters = voters + 1 WHERE round = 33"), 33u);
}

TEST_F(Verify, NamesTheRoundThatIsGone) {
  EXPECT_EQ(first_bad_round("DELETE FROM decisions WHERE round = 12"), 12u);
}

TEST_F(Verify, NamesTheRoundWhosePlaceWasTaken) {
  EXPECT_EQ(first_bad_round("UPDATE decisions SET round = -1 WHERE round = 5;"
                            "UPDATE decisions SET round = 5 WHERE round = 6;"
                            "UPDATE decisions SET round = 6 WHERE round = -1"),
            5u);
}

TEST_F(Verify, NamesTheRoundWhereTheChainBreaks) {
  EXPECT_EQ(first_bad_round("UPDATE decisions SET chain = randomblob(16) WHERE round = 40"), 40u);
}

TEST_F(Verify, FindsAVoterUnderAnotherName) {
  EXPECT_TRUE(!first_bad_round("UPDATE voters SET identity = 'mallory' WHERE number = 2"));
}

TEST_F(Verify, MissesWhoCameAndWent) {
  EXPECT_TRUE(first_bad_round("DELETE FROM membership WHERE round BETWEEN 20 AND 40"));
}

TEST_F(Verify, FindsACheckpointOfAnotherModel) {
  EXPECT_EQ(first_bad_round("UPDATE checkpoints SET packed = (SELECT packed FROM checkpoints WHERE "
                            "round = 32) WHERE round = 64"),
            63u);
}

// Rows of rounds that were never decided, a second run, voters nobody counted: each with the
// checksum it should have.
TEST_F(Verify, FindsRowsThatBelongToNothing) {
  const auto checksum = [](const std::string& canonical) {
    return std::to_string(static_cast<std::int64_t>(row_checksum(canonical)));
  };
  const MembershipEvent joined{MembershipEvent::Kind::kJoined, "mallory"};
  for (const std::string& sql : {
           std::string(
               "INSERT INTO decisions SELECT -1, delta, keep, decay_pending, voters,"
               " fingerprint, events, left_out, encoding, local_lr, batch, counts_hash, checksum,"
               " chain, steps, scales, counted, planes FROM decisions WHERE round = 3"),
           "INSERT INTO membership VALUES(70, 0, 0, 'mallory', " +
               checksum(canonical(70, 0, joined)) + ")",
           "INSERT INTO membership VALUES(-1, 0, 0, 'mallory', " +
               checksum(canonical(0xffffffff, 0, joined)) + ")",
           "INSERT INTO voters VALUES(99, 'mallory', " + checksum(canonical_voter(99, "mallory")) +
               ")",
           std::string("INSERT INTO run SELECT * FROM run"),
           std::string("INSERT INTO checkpoints SELECT round + (1 << 32), fingerprint, size,"
                       " rule_size, checksum, packed, rule FROM checkpoints WHERE round = 32"),
       }) {
    write_run(70);
    change(sql.c_str());
    LedgerFile file = look();
    EXPECT_TRUE(verify(file).fault) << sql;
    std::filesystem::remove(path());
  }
}

TEST_F(Verify, FindsWhatDecisionsThatAreGoneHaveLeft) {
  EXPECT_TRUE(!first_bad_round("DELETE FROM decisions WHERE round >= 66"));
}

TEST_F(Verify, FindsEpochsThatCannotHaveFollowedOneAnother) {
  const std::vector<std::vector<EpochRecord>> impossible{
      {{0, 3, 1}},              // the first is 1
      {{1, 30, 2}, {2, 29, 2}}  // the ledger only grows
  };
  for (const std::vector<EpochRecord>& epochs : impossible) {
    write_run(40);
    for (const EpochRecord& epoch : epochs) {
      const auto checksum = static_cast<std::int64_t>(row_checksum(canonical(epoch)));
      change(("INSERT INTO epochs VALUES(" + std::to_string(epoch.epoch) + ", " +
              std::to_string(epoch.round) + ", " + std::to_string(epoch.lost) + ", " +
              std::to_string(checksum) + ")")
                 .c_str());
    }
    LedgerFile file = look();
    EXPECT_TRUE(verify(file).fault);
    std::filesystem::remove(path());
  }
}

TEST_F(Verify, MissesX0) {
  EXPECT_TRUE(!first_bad_round("DELETE FROM checkpoints WHERE round = 0"));
}

TEST_F(Verify, FindsAKeyThatWasCountedTwice) {
  auto kept = SqliteLedger::open(path(), FailingVfs::kName);
  ASSERT_TRUE(kept.ok());
  MemoryLedger memory;
  WrittenRun written(memory, 100, 3);
  ASSERT_TRUE((*kept)->begin(*memory.run(), memory.newest_checkpoint()).ok());
  written.rounds(3);
  for (std::uint32_t round = 0; round < 3; ++round) {
    DecisionRecord record = *memory.decision(round);
    if (round > 0) record.counted.back() = memory.decision(0)->counted.front();
    ASSERT_TRUE((*kept)->commit(std::make_shared<DecisionRecord>(record), {}, nullptr).ok());
  }
  kept->reset();
  LedgerFile file = look();
  const auto fault = verify(file).fault;
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->round, 1u);
  EXPECT_NE(fault->text.find("was counted before"), std::string::npos) << fault->text;
}

TEST_F(Verify, FindsADecisionThatDoesNotGiveItsFingerprint) {
  auto kept = SqliteLedger::open(path(), FailingVfs::kName);
  ASSERT_TRUE(kept.ok());
  MemoryLedger memory;
  WrittenRun written(memory, 100, 3);
  ASSERT_TRUE((*kept)->begin(*memory.run(), memory.newest_checkpoint()).ok());
  written.rounds(3);
  for (std::uint32_t round = 0; round < 3; ++round) {
    DecisionRecord record = *memory.decision(round);
    if (round == 2) record.delta *= 2;
    ASSERT_TRUE((*kept)->commit(std::make_shared<DecisionRecord>(record), {}, nullptr).ok());
  }
  kept->reset();
  LedgerFile file = look();
  const auto fault = verify(file).fault;
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->round, 2u);
}

TEST_F(Verify, EveryPastModelCanBeRebuilt) {
  auto kept = SqliteLedger::open(path(), FailingVfs::kName);
  ASSERT_TRUE(kept.ok());
  WrittenRun written(**kept, 700, 3);
  std::vector<std::uint64_t> fingerprints{written.room().fingerprint()};
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(written.round().ok());
    fingerprints.push_back(written.room().fingerprint());
  }
  kept->reset();
  LedgerFile file = look();
  for (std::uint32_t round = 0; round <= 100; round += 7) {
    const auto replay = replay_to(file, round);
    ASSERT_TRUE(replay.ok()) << replay.error().text;
    EXPECT_EQ(replay->round(), round);
    EXPECT_EQ(replay->replica().fingerprint(), fingerprints[round]);
  }
}

TEST_F(Verify, RunsPartWhereTheyDo) {
  write_run(40, "one");
  write_run(30, "same");
  write_run(40, "other", 8);
  write_run(4, "small", 7, 300);
  LedgerFile one = look("one");
  LedgerFile same = look("same");
  LedgerFile other = look("other");
  LedgerFile small = look("small");
  const auto nothing = first_difference(one, same);
  ASSERT_TRUE(nothing.ok());
  EXPECT_FALSE(*nothing);
  const auto from_the_start = first_difference(one, other);
  ASSERT_TRUE(from_the_start.ok() && *from_the_start);
  EXPECT_EQ((*from_the_start)->round, 0u);
  EXPECT_FALSE(first_difference(one, small).ok());
}

TEST_F(Verify, RunsPartInARoundAndABlock) {
  constexpr std::size_t kLarge = 2 * 65'536 + 100;
  for (const char* name : {"one", "other"}) {
    auto kept = SqliteLedger::open(path(name), FailingVfs::kName);
    ASSERT_TRUE(kept.ok());
    RunConfig config = WrittenRun::config_of(1);
    CountingRoom room = testing::first_room(config, Replica(kLarge));
    RunRecord run;
    run.run = 5;
    run.tensors = testing::one_tensor(kLarge);
    run.words = run_words(config, run.tensors, 0, 0);
    run.parameters = kLarge;
    run.rounds = 10;
    run.fingerprint = room.fingerprint();
    ASSERT_TRUE((*kept)->begin(run, room.checkpoint()).ok());
    for (std::uint32_t round = 0; round < 4; ++round) {
      std::string signs(kLarge, '+');
      if (round == 2 && std::string(name) == "other") signs[70'000] = '-';
      room.count({"ann", round}, psephos::testing::held(psephos::testing::signs_of(signs)));
      ASSERT_TRUE((*kept)->commit(close(room).record, {}, nullptr).ok());
    }
  }
  LedgerFile one = look("one");
  LedgerFile other = look("other");
  const auto difference = first_difference(one, other);
  ASSERT_TRUE(difference.ok() && *difference);
  EXPECT_EQ((*difference)->round, 3u);  // x_3: decision 2 made it
  EXPECT_EQ((*difference)->block, 1u);
}

}  // namespace
}  // namespace psephos::coordinator
