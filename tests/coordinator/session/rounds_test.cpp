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

TEST(SessionRounds, TheRowsLossIsWhatTheMiddleHalfOfTheVotersSay) {
  const std::vector<float> losses = {3, 1e30F, 1, 2, -1e30F, 2, 1, 2};
  RunConfig config = config_for(static_cast<std::uint32_t>(losses.size()));
  Machine machine(config);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < losses.size(); ++i) names.push_back("c" + std::to_string(i));
  machine.join_all(names);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    machine.frame(names[i],
                  ballot_frame(0, std::string(kParameters, '+'), kSession, kRun, {}, losses[i]));
  }
  EXPECT_DOUBLE_EQ(machine.only<RoundFinished>().row.train_loss, (1.0 + 2 + 2 + 2) / 4);
}

TEST(SessionRounds, TheRowsLossIsOfItsOwnRoundAndOfBallotsThatCounted) {
  Machine machine(config_for(2));
  machine.join_all({"ann", "ben"});
  const auto vote = [&machine](const char* name, std::uint32_t round, float loss) {
    machine.frame(name,
                  ballot_frame(round, std::string(kParameters, '+'), kSession, kRun, {}, loss));
  };
  vote("ann", 0, 100);
  machine.step(TallyLost{0});
  vote("ann", 0, 4);
  vote("ben", 0, 6);
  EXPECT_DOUBLE_EQ(machine.only<RoundFinished>().row.train_loss, 5);
  vote("ann", 1, 1);
  vote("ben", 1, 2);
  EXPECT_DOUBLE_EQ(machine.only<RoundFinished>().row.train_loss, 1.5);
}

TEST(SessionRounds, WhereNobodyHasAnythingToSayTheNoteSaysWhy) {
  Machine machine(config_for(2));
  const std::vector<std::string> names = {"ann", "ben", "cat"};
  machine.join_all(names);
  machine.frame("ann", none_frame(0));
  machine.frame("ben", none_frame(0));
  machine.frame("cat", none_frame(0));
  stay(machine, names, 10);
  EXPECT_EQ(machine.only<Note>().text,
            "round 0 has 0 of the 2 ballots it needs (3 clients answered without a vote: no "
            "samples, a gradient that is not finite, or a malformed ballot; other clients have to "
            "come, or --min-voters is too many): waiting on");
}

}  // namespace
}  // namespace psephos::coordinator
