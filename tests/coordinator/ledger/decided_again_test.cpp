// verify() of a run whose decision rule remembers: every decision whose votes are kept is made
// again, and what does not follow from them is found.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "coordinator/ledger/replay.h"
#include "coordinator/ledger/sqlite_ledger.h"
#include "coordinator/ledger/verify.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/signs/decision_codec.h"
#include "tests/coordinator/ledger/failing_vfs.h"
#include "tests/coordinator/ledger/written_run.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos::coordinator::decided_again_test {
namespace {

using testing::FailingVfs;
using testing::WrittenRun;

constexpr std::size_t kParameters = 200;

class DecidedAgain : public ::testing::Test {
 protected:
  DecidedAgain() { vfs_.syncs = false; }

  std::string path() const { return (folder_ / "run").string(); }
  // Rounds of a run, in memory, for `retell` to change before they are written down.
  void write(std::uint32_t rounds,
             const std::function<void(DecisionRecord&, CountsRef&)>& retell = {}) {
    auto kept = SqliteLedger::open(path(), FailingVfs::kName);
    ASSERT_TRUE(kept.ok());
    MemoryLedger memory;
    WrittenRun written(memory, kParameters, WrittenRun::remembering(3));
    ASSERT_TRUE((*kept)->begin(*memory.run(), memory.newest_checkpoint()).ok());
    for (std::uint32_t round = 0; round < rounds; ++round) {
      written.rounds(1);
      DecisionRecord record = *memory.decision(round);
      CountsRef counts = *memory.counts(round);
      if (retell) retell(record, counts);
      ASSERT_TRUE((*kept)->commit(std::make_shared<DecisionRecord>(record), {}, counts).ok());
      if (memory.newest_checkpoint()->round != round + 1) continue;
      ASSERT_TRUE((*kept)->add_checkpoint(memory.newest_checkpoint()).ok());
    }
  }
  void change(const std::string& sql) {
    auto database = sqlite::Database::open(path(), SQLITE_OPEN_READWRITE, "");
    const Status changed = database->run(sql.c_str());
    ASSERT_TRUE(changed.ok()) << changed.error().text;
  }
  // Puts `rule` into the checkpoint of a round, as a coordinator would have written it.
  void remember_otherwise(std::uint32_t round, const Bytes& rule) {
    auto file = LedgerFile::open(path(), LedgerFile::Use::kLead, FailingVfs::kName);
    ASSERT_TRUE(file.ok());
    Checkpoint checkpoint = **file->checkpoint(round);
    ASSERT_NE(checkpoint.rule, rule);
    checkpoint.rule = rule;
    ASSERT_TRUE(file->add_checkpoint(checkpoint).ok());
  }
  static Bytes momentum_of(float u) {
    Bytes rule;
    append_state({{"momentum", AlignedVector<float>(kParameters, u)}}, rule);
    return rule;
  }
  void expect_fault(std::optional<std::uint32_t> round, const std::string& text) {
    auto file = LedgerFile::open(path(), LedgerFile::Use::kLook, FailingVfs::kName);
    ASSERT_TRUE(file.ok()) << file.error().text;
    const auto fault = verify(*file).fault;
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->round, round);
    EXPECT_NE(fault->text.find(text), std::string::npos) << fault->text;
  }

  FailingVfs vfs_;
  TemporaryFolder folder_;
};

TEST_F(DecidedAgain, FindsADecisionThatItsVotesDoNotGive) {
  PackedSigns before;
  write(6, [&before](DecisionRecord& record, CountsRef&) {
    auto signs = decode_decision(record.votes.encoding, record.votes.planes, kParameters,
                                 record.round == 0 ? nullptr : &before);
    ASSERT_TRUE(signs.ok());
    before = *signs;
    if (record.round != 4) return;
    signs->signs[3] ^= signs->voted.empty() ? 2 : signs->voted[3];  // one word votes the other way
    record.votes = encode(*signs);
  });
  expect_fault(4, "round 4: its votes decide something else");
}

TEST_F(DecidedAgain, FindsStepsThatTheRuleDoesNotTake) {
  write(6, [](DecisionRecord& record, CountsRef&) {
    if (record.round == 2) record.steps = {record.delta};  // the same parameters
  });
  expect_fault(2, "round 2: its votes decide something else");
}

TEST_F(DecidedAgain, FindsCountsOfAnotherRound) {
  CountsRef earlier;
  write(6, [&earlier](DecisionRecord& record, CountsRef& counts) {
    if (record.round == 5) {
      counts = earlier;
      record.counts_hash = hash_counts(*counts);
    }
    earlier = counts;
  });
  auto file = LedgerFile::open(path(), LedgerFile::Use::kLook, FailingVfs::kName);
  const auto fault = verify(*file).fault;
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->round, 5u);
}

TEST_F(DecidedAgain, FindsCountsThatWereSwapped) {
  write(6);
  change(
      "UPDATE counts SET round = -1 WHERE round = 2; UPDATE counts SET round = 2 WHERE round = 3;"
      "UPDATE counts SET round = 3 WHERE round = -1");
  expect_fault(2, "the counts of round 2 is damaged");
}

TEST_F(DecidedAgain, FindsCountsThatAreNone) {
  write(6, [](DecisionRecord& record, CountsRef& counts) {
    if (record.round != 3) return;
    Bytes bytes = *counts;
    bytes.pop_back();
    record.counts_hash = hash_counts(bytes);
    counts = std::make_shared<const Bytes>(bytes);
  });
  expect_fault(3, "round 3: counts that do not go with this model");
}

TEST_F(DecidedAgain, FindsCountsOfARoundThatWasNeverDecided) {
  write(6);
  change("INSERT INTO counts SELECT 9, size, packed FROM counts WHERE round = 3");
  expect_fault(std::nullopt, "holds rows that belong to no round");
}

// A restart would need them.
TEST_F(DecidedAgain, MissesCountsThatTwoCheckpointsDoNotHoldYet) {
  write(70);
  change("DELETE FROM counts WHERE round = 50");
  expect_fault(50, "its votes are missing");
}

TEST_F(DecidedAgain, FindsACheckpointThatRemembersOtherVotes) {
  write(40);
  remember_otherwise(32, momentum_of(0.25F));
  expect_fault(31, "the checkpoint of round 32 remembers other votes");
}

TEST_F(DecidedAgain, FindsACheckpointThatRemembersNothing) {
  write(40);
  Bytes nothing;
  append_state({}, nothing);
  remember_otherwise(32, nothing);
  expect_fault(31, "the checkpoint of round 32 remembers other votes");
}

// Where the votes before it are gone, what follows it shows it.
TEST_F(DecidedAgain, FindsAWrongMemoryByTheDecisionsThatFollowIt) {
  write(100);  // the votes of the first 64 rounds are gone
  remember_otherwise(64, momentum_of(-1));
  auto file = LedgerFile::open(path(), LedgerFile::Use::kLook, FailingVfs::kName);
  const Verification result = verify(*file);
  ASSERT_TRUE(result.fault);
  ASSERT_TRUE(result.fault->round);
  EXPECT_GE(*result.fault->round, 64u);
  EXPECT_NE(result.fault->text.find("its votes decide something else"), std::string::npos)
      << result.fault->text;
}

TEST_F(DecidedAgain, FindsAMemoryThatIsOfNoUse) {
  write(100);
  remember_otherwise(64, {1, 2, 3});
  expect_fault(63, "what the checkpoint of round 64 says of the decision rule is of no use");
}

TEST_F(DecidedAgain, WordsThatNobodyKnowsAreSaid) {
  write(2);
  auto file = LedgerFile::open(path(), LedgerFile::Use::kLead, FailingVfs::kName);
  RunRecord run = *file->run();
  run.words.replace(run.words.find("momentum"), 8, "mementos");
  const auto replay = Replay::from(**file->checkpoint(0), run);
  ASSERT_FALSE(replay.ok());
  EXPECT_TRUE(replay.error().text.starts_with("the run's rules: unknown decision rule"))
      << replay.error().text;
}

}  // namespace
}  // namespace psephos::coordinator::decided_again_test
