// Ballots whose planes are read later than their frames come.

#include <gtest/gtest.h>

#include "tests/coordinator/session/machine.h"

namespace psephos::coordinator {
namespace {

using namespace testing;
using wire::RefusalCode;

Machine slow_reader(const RunConfig& config, const std::vector<std::string>& names) {
  Machine machine(config);
  machine.reads_at_once = false;
  machine.join_all(names);
  return machine;
}

TEST(SessionReading, ABallotCountsWhenItHasBeenRead) {
  Machine machine = slow_reader(config_for(2), {"ann", "ben"});
  machine.frame("ann", ballot_frame(0, kMinus));
  ASSERT_EQ(machine.in_hand.size(), 1u);
  EXPECT_EQ(machine.in_hand.front().identity, "ann");
  EXPECT_TRUE(machine.actions.empty());
  EXPECT_EQ(machine.session.traffic().ballots, 0u);
  machine.read();
  const CountBallot counted = machine.only<CountBallot>();
  EXPECT_EQ(counted.identity, "ann");
  EXPECT_TRUE(
      std::ranges::equal(counted.signs.view.signs, psephos::testing::signs_of(kMinus).signs));
  EXPECT_EQ(machine.session.traffic().ballots, 1u);
  machine.ballot("ben", 0);
  machine.read();
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionReading, InWhateverOrderTheyAreRead) {
  Machine machine = slow_reader(config_for(3), {"ann", "ben", "cat"});
  for (const char* name : {"ann", "ben", "cat"}) machine.ballot(name, 0);
  std::reverse(machine.in_hand.begin(), machine.in_hand.end());
  machine.read();
  EXPECT_EQ(machine.only<CountBallot>().identity, "cat");
  machine.read();
  machine.read();
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionReading, ASecondBallotOfTheMemberIsDroppedMeanwhile) {
  Machine machine = slow_reader(config_for(2), {"ann", "ben"});
  machine.frame("ann", ballot_frame(0, kMinus));
  machine.frame("ann", ballot_frame(0, kPlus));
  machine.frame("ann", none_frame(0));
  EXPECT_EQ(machine.in_hand.size(), 1u);
  machine.read();
  EXPECT_TRUE(std::ranges::equal(machine.only<CountBallot>().signs.view.signs,
                                 psephos::testing::signs_of(kMinus).signs));
  machine.frame("ann", ballot_frame(0, kPlus));
  EXPECT_TRUE(machine.in_hand.empty());
}

TEST(SessionReading, AMalformedOneIsRefusedAndMayBeFollowedByAGoodOne) {
  Machine machine = slow_reader(config_for(2), {"ann", "ben"});
  machine.frame("ann", malformed_frame(0));
  machine.read();
  EXPECT_EQ(machine.refusals("ann"), std::vector{RefusalCode::kMalformed});
  EXPECT_EQ(machine.session.traffic().malformed, 1u);
  machine.ballot("ann", 0);
  machine.read();
  EXPECT_TRUE(machine.asked<CountBallot>());
}

TEST(SessionReading, WhoJoinedAnewIsNotBlamedForAnotherConnectionsPlanes) {
  Machine machine = slow_reader(config_for(2), {"ann", "ben"});
  machine.frame("ann", malformed_frame(0));
  machine.tell("elsewhere", join_of("ann"));
  machine.read();
  EXPECT_TRUE(machine.refusals("elsewhere").empty());
  EXPECT_EQ(machine.only<wire::Call>("elsewhere").round, 0u);  // its own may have been dropped
  EXPECT_EQ(machine.session.traffic().malformed, 1u);
}

TEST(SessionReading, ABallotReadAfterItsRoundClosedIsLate) {
  RunConfig config = config_for(1);
  config.min_clients = 2;
  config.target_voters = 1;
  Machine machine = slow_reader(config, {"ann", "ben"});
  machine.ballot("ben", 0);
  const ReadBallot first = machine.in_hand.front();
  machine.in_hand.clear();
  machine.step(BallotRead{first.identity, first.reading,
                          decode_held(first.encoding, first.planes, kParameters, first.frame)});
  ASSERT_EQ(machine.session.round(), 1u);
  // Ann's comes while ben's second one, which closes the round, is being read.
  machine.ballot("ben", 1);
  machine.read();
  ASSERT_EQ(machine.session.round(), 2u);
  machine.by_itself = false;
  machine.ballot("ben", 2);
  machine.read();
  ASSERT_TRUE(machine.asked<CloseTally>());
  machine.ballot("ann", 2);
  EXPECT_TRUE(machine.in_hand.empty());
  EXPECT_EQ(machine.row("ann").late, 1u);
}

RunConfig with_deadline(std::uint32_t staleness) {
  RunConfig config = config_for(1);
  config.min_clients = 2;
  config.hyper.staleness = staleness;
  return config;
}

// Ben votes, the deadline passes, and a ballot of ann's comes after it: the round closes without it
// as soon as what had come before is read.
Machine overtaken(std::uint32_t staleness) {
  Machine machine = slow_reader(with_deadline(staleness), {"ann", "ben", "cat"});
  machine.ballot("ben", 0);
  machine.read();
  machine.ballot("cat", 0);
  machine.now += seconds(10);
  for (const char* name : {"ann", "ben", "cat"}) machine.heartbeat(name);
  EXPECT_EQ(machine.session.round(), 0u);
  machine.ballot("ann", 0);
  EXPECT_EQ(machine.in_hand.size(), 2u);
  machine.read();  // cat's
  EXPECT_EQ(machine.session.round(), 1u);
  EXPECT_EQ(machine.only<RoundFinished>().row.voters, 2u);
  return machine;
}

TEST(SessionReading, TheDeadlineWaitsForBallotsThatCameBeforeItAlone) {
  Machine machine = overtaken(0);
  machine.read();
  EXPECT_FALSE(machine.asked<CountBallot>());
  EXPECT_EQ(machine.row("ann").late, 1u);
  EXPECT_EQ(machine.row("cat").counted, 1u);
}

TEST(SessionReading, AnOvertakenBallotCountsInTheNextRoundWhereItMayBeStale) {
  Machine machine = overtaken(1);
  machine.read();
  EXPECT_EQ(machine.only<CountBallot>().round, 0u);
  EXPECT_EQ(machine.row("ann").late, 0u);
}

TEST(SessionReading, NoTickIsWantedWhileTheDeadlineWaits) {
  Machine machine = slow_reader(with_deadline(0), {"ann", "ben"});
  machine.ballot("ben", 0);
  machine.read();
  machine.ballot("ann", 0);
  machine.now += seconds(10);
  for (const char* name : {"ann", "ben"}) machine.heartbeat(name);
  machine.step(Tick{});
  EXPECT_GT(machine.session.next_tick(), machine.now);
  machine.read();
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionReading, ALostTallyAsksAgainAndCountsTheOneInHandOnce) {
  Machine machine = slow_reader(config_for(2), {"ann", "ben"});
  machine.ballot("ann", 0);
  machine.read();
  machine.ballot("ben", 0);
  machine.step(TallyLost{0});
  EXPECT_EQ(machine.refusals("ann"), std::vector{RefusalCode::kResend});
  EXPECT_EQ(machine.refusals("ben"), std::vector{RefusalCode::kResend});
  machine.ballot("ben", 0);  // sent again
  EXPECT_EQ(machine.in_hand.size(), 1u);
  machine.read();
  EXPECT_EQ(machine.only<CountBallot>().identity, "ben");
  machine.ballot("ann", 0);
  machine.read();
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionReading, ABallotOfARevokedKeyDoesNotCountAnyMore) {
  Machine machine(config_for(1));
  machine.reads_at_once = false;
  machine.frame("peer-1", wire::build(join_of("ann")), "key-1");
  machine.frame("peer-1", ballot_frame(0, kPlus), "key-1");
  ASSERT_EQ(machine.in_hand.size(), 1u);
  machine.step(KeyRevoked{"key-1", ""});
  machine.read();
  EXPECT_TRUE(machine.actions.empty());
  EXPECT_EQ(machine.session.round(), 0u);
}

TEST(SessionReading, WhoseBallotIsInHandKeepsItsPlace) {
  RunConfig config = config_for(2);
  config.max_clients = 2;
  Machine machine = slow_reader(config, {"ann", "ben"});
  machine.ballot("ann", 0);
  machine.leave("ann");
  machine.join("cat");
  EXPECT_EQ(machine.refusals("cat"), std::vector{RefusalCode::kBusy});
  machine.read();
  EXPECT_EQ(machine.only<CountBallot>().identity, "ann");
}

TEST(SessionReading, AfterAStopABallotIsReadForNothing) {
  Machine machine = slow_reader(config_for(1), {"ann"});
  machine.ballot("ann", 0);
  machine.stop();
  machine.read();
  EXPECT_FALSE(machine.asked<CountBallot>());
  machine.leave("ann", wire::LeaveReason::kFinished);
  EXPECT_TRUE(machine.session.ended());
}

}  // namespace
}  // namespace psephos::coordinator
