// When a round closes, and what happens when it does not.

#include <gtest/gtest.h>

#include "tests/coordinator/session/machine.h"

namespace psephos::coordinator {
namespace {

using namespace testing;
using wire::RefusalCode;

// Everybody says that it is there, every second, for so long.
void stay(Machine& machine, const std::vector<std::string>& names, int how_many_seconds) {
  Actions all;
  for (int i = 0; i < how_many_seconds; ++i) {
    machine.pass(milliseconds(1000));
    all.insert(all.end(), machine.actions.begin(), machine.actions.end());
    for (const std::string& name : names) {
      machine.heartbeat(name);
      all.insert(all.end(), machine.actions.begin(), machine.actions.end());
    }
  }
  machine.actions = std::move(all);
}

TEST(SessionRounds, ClosesWhenEverybodyExpectedHasAnswered) {
  Machine machine(config_for(1));
  machine.join("ann");
  machine.join("ben");  // after the opening: may vote, is not waited for
  EXPECT_TRUE(machine.only<wire::Welcome>("ben").vote);
  machine.ballot("ann", 0);
  EXPECT_EQ(machine.session.round(), 1u);
  machine.ballot("ann", 1);
  EXPECT_EQ(machine.session.round(), 1u);  // now ben is expected, too
  machine.ballot("ben", 1);
  EXPECT_EQ(machine.session.round(), 2u);
}

TEST(SessionRounds, RoundZeroTakesBallotsBeforeEnoughHaveJoined) {
  Machine machine(config_for(2));
  machine.join("ann");
  machine.ballot("ann", 0);
  EXPECT_TRUE(machine.asked<CountBallot>());
  machine.pass(seconds(2));
  machine.join("ben");
  EXPECT_EQ(machine.session.round(), 0u);
  machine.ballot("ben", 0);
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionRounds, ClosesAtTheTarget) {
  RunConfig config = config_for(2);
  config.min_clients = 4;
  config.target_voters = 3;
  Machine machine(config);
  machine.join_all({"ann", "ben", "cat", "dan"});
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  EXPECT_FALSE(machine.asked<CloseTally>());
  machine.ballot("cat", 0);
  EXPECT_EQ(machine.did<RoundFinished>().size(), 1u);
  EXPECT_EQ(machine.only<RoundFinished>().row.voters, 3u);
  EXPECT_EQ(machine.only<RoundFinished>().row.expected, 4u);
}

TEST(SessionRounds, FirstDeadlineRunsFromTheMomentEnoughHaveJoined) {
  RunConfig config = config_for(1);
  config.min_clients = 2;
  Machine machine(config);
  machine.join("ann");
  machine.ballot("ann", 0);
  stay(machine, {"ann"}, 30);
  EXPECT_EQ(machine.session.round(), 0u);
  machine.join("ben");
  stay(machine, {"ann", "ben"}, 9);
  EXPECT_EQ(machine.session.round(), 0u);
  stay(machine, {"ann", "ben"}, 1);
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionRounds, LaterDeadlinesRunFromTheCommit) {
  RunConfig config = config_for(1);
  config.min_clients = 2;
  Machine machine(config);
  machine.by_itself = false;
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  ASSERT_TRUE(machine.asked<CloseTally>());
  machine.decide();
  stay(machine, {"ann", "ben"}, 2);
  machine.commit();
  machine.by_itself = true;
  machine.ballot("ann", 1);
  stay(machine, {"ann", "ben"}, 9);
  EXPECT_EQ(machine.session.round(), 1u);
  stay(machine, {"ann", "ben"}, 1);
  EXPECT_EQ(machine.session.round(), 2u);
}

TEST(SessionRounds, NoneIsAnAnswerAndNotAVoter) {
  RunConfig config = config_for(1);
  config.min_clients = 3;
  Machine machine(config);
  machine.join_all({"ann", "ben", "cat"});
  machine.frame("ann", none_frame(0));
  machine.frame("ann", none_frame(0));
  machine.frame("ben", none_frame(0));
  EXPECT_FALSE(machine.asked<CountBallot>());
  EXPECT_EQ(machine.session.round(), 0u);
  machine.ballot("cat", 0);
  ASSERT_EQ(machine.session.round(), 1u);
  EXPECT_EQ(machine.only<RoundFinished>().row.voters, 1u);
  EXPECT_EQ(machine.row("ann").absent, 1u);
  EXPECT_EQ(machine.row("ann").counted, 0u);
}

TEST(SessionRounds, AllAnswersAreNotEnoughBelowTheMinimum) {
  Machine machine(config_for(2));
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  machine.frame("ben", none_frame(0));
  stay(machine, {"ann", "ben"}, 25);
  EXPECT_EQ(machine.session.round(), 0u);
  machine.join("cat");
  machine.ballot("cat", 0);
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionRounds, BelowTheMinimumEveryDeadlineIsSaidOnceAndThoseNotCountedAreCalled) {
  Machine machine(config_for(3));
  const std::vector<std::string> names = {"ann", "ben", "cat"};
  machine.join_all(names);
  machine.ballot("ann", 0);
  machine.frame("ben", none_frame(0));
  stay(machine, names, 9);
  EXPECT_FALSE(machine.asked<Note>());
  for (int deadline = 0; deadline < 3; ++deadline) {
    stay(machine, names, deadline == 0 ? 1 : 10);
    EXPECT_EQ(machine.did<Note>().size(), 1u);
    EXPECT_EQ(machine.heard<wire::Call>("cat").size(), 1u);
    EXPECT_EQ(machine.only<wire::Call>("cat").round, 0u);
    EXPECT_TRUE(machine.heard<wire::Call>("ann").empty());
    // Its "none" may have been a ballot that was damaged on the way.
    EXPECT_EQ(machine.heard<wire::Call>("ben").size(), 1u);
  }
}

TEST(SessionRounds, AfterADeadlineClosesAsSoonAsTheMinimumIsReached) {
  Machine machine(config_for(2));
  machine.join_all({"ann", "ben"});
  machine.join("cat");
  machine.ballot("cat", 0);
  stay(machine, {"ann", "ben", "cat"}, 11);
  EXPECT_EQ(machine.session.round(), 0u);
  machine.ballot("ben", 0);
  EXPECT_EQ(machine.session.round(), 1u);  // ann is not waited for any more
  machine.ballot("ben", 1);
  machine.ballot("cat", 1);
  EXPECT_EQ(machine.session.round(), 1u);  // but in the next round she is
}

TEST(SessionRounds, DeadlineBetweenTicksCloses) {
  Machine machine(config_for(2));
  machine.join_all({"ann", "ben"});
  machine.join("cat");
  machine.ballot("ann", 0);
  machine.now += seconds(11);  // the tick is late
  machine.ballot("ben", 0);
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionRounds, MalformedPlanesAreRefusedNotCountedAndNotWaitedFor) {
  RunConfig config = config_for(1);
  config.min_clients = 2;
  Machine machine(config);
  machine.join_all({"ann", "ben"});
  machine.frame("ann", malformed_frame(0));
  EXPECT_EQ(machine.refusals("ann"), std::vector{RefusalCode::kMalformed});
  EXPECT_FALSE(machine.asked<CountBallot>());
  machine.ballot("ben", 0);
  ASSERT_EQ(machine.session.round(), 1u);
  EXPECT_EQ(machine.row("ann").counted, 0u);
  machine.frame("ann", malformed_frame(1));
  machine.ballot("ann", 1);  // the first valid one
  EXPECT_TRUE(machine.asked<CountBallot>());
}

TEST(SessionRounds, BinaryDownlinkRefusesAbstentions) {
  RunConfig config = config_for(1);
  config.downlink = Downlink::kBinary;
  Machine machine(config);
  machine.join("ann");
  std::string signs(kParameters, '+');
  signs[3] = '0';
  machine.frame("ann", ballot_frame(0, signs));
  EXPECT_EQ(machine.refusals("ann"), std::vector{RefusalCode::kMalformed});
  EXPECT_TRUE(machine.tally.empty());
}

TEST(SessionRounds, RowSaysWhatTheRoundWas) {
  RunConfig config = config_for(1);
  config.min_clients = 2;
  Machine machine(config);
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  machine.pass(milliseconds(500));
  machine.frame("ben", ballot_frame(0, std::string(kParameters / 2, '-') +
                                           std::string(kParameters / 2, '0')));
  const RoundRow row = machine.only<RoundFinished>().row;
  EXPECT_EQ(row.round, 1u);
  EXPECT_DOUBLE_EQ(row.seconds, 0.5);
  EXPECT_DOUBLE_EQ(row.delta, 0.25);
  EXPECT_DOUBLE_EQ(row.train_loss, 0.5);
  EXPECT_EQ(row.voters, 2u);
  EXPECT_EQ(row.expected, 2u);
  EXPECT_DOUBLE_EQ(row.abstained, 0.25);
  EXPECT_DOUBLE_EQ(row.decided, 1.0);
  EXPECT_EQ(row.fingerprint, kFirstFingerprint + 1);
}

}  // namespace
}  // namespace psephos::coordinator
