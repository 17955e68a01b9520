// What a client that catches up hears of its own ballots, whatever state it has gone back to.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "coordinator/ledger/sqlite_ledger.h"
#include "tests/coordinator/core/life.h"
#include "tests/coordinator/ledger/failing_vfs.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos::coordinator {
namespace {

using namespace testing;

class CatchUpOfAVoter : public ::testing::Test {
 protected:
  CatchUpOfAVoter() { vfs_.syncs = false; }

  Life lead_on_disk() {
    return Life(life_options(1000), [this]() -> std::unique_ptr<Ledger> {
      return SqliteLedger::open((folder_ / "run").string(), FailingVfs::kName).value();
    });
  }
  static Life lead_in_memory() {
    return Life(life_options(1000), [] { return std::make_unique<MemoryLedger>(); });
  }
  // Ann and ben vote; cat does in every third round.
  static void play(Life& life, std::uint32_t until) {
    life.coordinator->handle(FrameArrived{"cat", "", join_frame("cat")}, life.now);
    while (life.round() < until) {
      const std::uint32_t round = life.round();
      life.vote("ann", round);
      if (round % 3 == 0) {
        life.vote("cat", round);
      } else {
        life.coordinator->handle(
            FrameArrived{"cat", "", wire::build(wire::ClientMessage{none(life, round)})}, life.now);
      }
      life.vote("ben", round);
      ASSERT_EQ(life.round(), round + 1);
    }
  }
  static wire::Ballot none(const Life& life, std::uint32_t round) {
    wire::Ballot ballot;
    ballot.session = life.session();
    ballot.run = kLifeRun;
    ballot.round = round;
    return ballot;
  }
  static wire::Past past(Life& life, const std::string& name, std::uint32_t have_round) {
    life.outlet.sent.clear();
    const wire::CatchUp request{.session = life.session(), .have_round = have_round};
    life.coordinator->handle(FrameArrived{name, "", wire::build(request)}, life.now);
    EXPECT_EQ(life.outlet.sent.size(), 1u);  // no Call follows
    if (life.outlet.sent.empty()) return {};
    const auto message =
        wire::read_coordinator_frame(*life.outlet.sent.front().second, kLifeParameters);
    EXPECT_TRUE(message.ok());
    const wire::Past* said = std::get_if<wire::Past>(&*message);
    EXPECT_NE(said, nullptr);
    return said == nullptr ? wire::Past{} : *said;
  }
  static std::uint32_t told(Life& life, const std::string& name, std::uint32_t have_round) {
    return past(life, name, have_round).counted_through;
  }

  FailingVfs vfs_;
  TemporaryFolder folder_;
};

TEST_F(CatchUpOfAVoter, ItsNewestCountedBallotIsNamedWhereItHoldsThatRoundAndMore) {
  Life life = lead_in_memory();
  play(life, 11);
  EXPECT_EQ(told(life, "cat", 9), 9u);
  EXPECT_EQ(told(life, "cat", 10), wire::kNoRound);
  const wire::Past said = past(life, "cat", 10);
  EXPECT_EQ(said.have_round, 10u);
  EXPECT_EQ(said.round, 11u);
  EXPECT_TRUE(said.vote);
}

TEST_F(CatchUpOfAVoter, OneThatWentBackIsToldOfTheBallotOfTheRoundThatItHolds) {
  Life life = lead_in_memory();
  play(life, 11);
  EXPECT_EQ(told(life, "cat", 6), 6u);
  EXPECT_NE(told(life, "cat", 7), 7u);  // of that one it cast none
  EXPECT_EQ(told(life, "ann", 7), 7u);
}

TEST_F(CatchUpOfAVoter, ARestartAndALongTimeMakeNoDifferenceWhereThereIsAFile) {
  Life life = lead_on_disk();
  play(life, 150);
  life.start();
  life.coordinator->handle(FrameArrived{"cat", "", join_frame("cat")}, life.now);
  ASSERT_FALSE(life.coordinator->ledger().decision(9));
  EXPECT_EQ(told(life, "cat", 9), 9u);
  EXPECT_NE(told(life, "cat", 10), 10u);
  EXPECT_EQ(told(life, "cat", 147), 147u);
  EXPECT_NE(told(life, "cat", 149), 149u);
}

TEST_F(CatchUpOfAVoter, OneThatNeverVotedIsToldNothing) {
  Life life = lead_in_memory();
  play(life, 5);
  life.coordinator->handle(FrameArrived{"dan", "", join_frame("dan")}, life.now);
  EXPECT_EQ(told(life, "dan", 3), wire::kNoRound);
  EXPECT_EQ(told(life, "dan", 0), wire::kNoRound);
}

}  // namespace
}  // namespace psephos::coordinator
