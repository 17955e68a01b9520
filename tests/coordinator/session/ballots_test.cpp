// Which ballots count: one per client, fresh or a little old, and never twice.

#include <gtest/gtest.h>

#include "tests/coordinator/session/machine.h"

namespace psephos::coordinator {
namespace {

using namespace testing;

TEST(SessionBallots, FirstValidOneCountsAndTheRestDoNot) {
  Machine machine(config_for(3));
  machine.join_all({"ann", "ben", "cat"});
  const std::string plus(kParameters, '+');
  const std::string minus(kParameters, '-');
  machine.frame("ann", malformed_frame(0));
  machine.frame("ann", ballot_frame(0, plus, kSession, kRun + 1));
  EXPECT_TRUE(machine.actions.empty());
  machine.frame("ann", ballot_frame(0, minus));
  const CountBallot counted = machine.only<CountBallot>();
  EXPECT_EQ(counted.identity, "ann");
  EXPECT_TRUE(
      std::ranges::equal(counted.signs.view.signs, psephos::testing::signs_of(minus).signs));
  machine.frame("ann", ballot_frame(0, plus));
  EXPECT_TRUE(machine.actions.empty());
  machine.frame("ann", ballot_frame(0, minus));
  EXPECT_TRUE(machine.actions.empty());
  machine.tell("elsewhere", join_of("ann"));
  machine.frame("elsewhere", ballot_frame(0, minus));
  EXPECT_TRUE(machine.actions.empty());
  machine.leave("elsewhere");
  machine.join("ann");
  machine.frame("ann", ballot_frame(0, minus));
  EXPECT_TRUE(machine.actions.empty());
}

TEST(SessionBallots, OfACommittedRoundNeverCountAgain) {
  RunConfig config = config_for(1);
  config.hyper.staleness = 5;
  Machine machine(config);
  machine.join("ann");
  for (std::uint32_t round = 0; round < 4; ++round) machine.ballot("ann", round);
  ASSERT_EQ(machine.session.round(), 4u);
  for (std::uint32_t round = 0; round < 4; ++round) {
    machine.ballot("ann", round);
    EXPECT_TRUE(machine.actions.empty());
  }
  EXPECT_EQ(machine.row("ann").late, 0u);
}

TEST(SessionBallots, OfFutureRoundsAreIgnored) {
  Machine machine(config_for(1));
  machine.join("ann");
  machine.ballot("ann", 1);
  machine.ballot("ann", wire::kNoRound);
  EXPECT_TRUE(machine.actions.empty());
  EXPECT_EQ(machine.session.round(), 0u);
}

// Closes `rounds` rounds with ben's and cat's ballots; ann is asked and says nothing.
void without_ann(Machine& machine, std::uint32_t rounds) {
  for (std::uint32_t i = 0; i < rounds; ++i) {
    const std::uint32_t round = machine.session.round();
    machine.ballot("ben", round);
    machine.ballot("cat", round);
    ASSERT_EQ(machine.session.round(), round + 1);
  }
}

RunConfig stale_config(std::uint32_t staleness) {
  RunConfig config = config_for(2);
  config.min_clients = 3;
  config.target_voters = 2;
  config.hyper.staleness = staleness;
  return config;
}

TEST(SessionBallots, LateOnesAreCountedAsLateOncePerRound) {
  Machine machine(stale_config(0));
  machine.join_all({"ann", "ben", "cat"});
  without_ann(machine, 2);
  machine.ballot("ann", 0);
  machine.ballot("ann", 0);
  EXPECT_FALSE(machine.asked<CountBallot>());
  EXPECT_EQ(machine.row("ann").late, 1u);
  machine.ballot("ann", 1);
  machine.ballot("ann", 0);
  machine.ballot("ann", 1);
  EXPECT_EQ(machine.row("ann").late, 2u);
  EXPECT_EQ(machine.row("ann").absent, 2u);
  EXPECT_EQ(machine.row("ann").invited, 2u);
  EXPECT_EQ(machine.row("ann").counted, 0u);
}

TEST(SessionBallots, ArrivingWhileTheTallyIsDecidedAreLate) {
  Machine machine(stale_config(0));
  machine.by_itself = false;
  machine.join_all({"ann", "ben", "cat"});
  machine.ballot("ben", 0);
  machine.ballot("cat", 0);
  ASSERT_TRUE(machine.asked<CloseTally>());
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  EXPECT_TRUE(machine.actions.empty());
  machine.decide();
  machine.ballot("ann", 0);
  machine.commit();
  EXPECT_EQ(machine.row("ann").late, 1u);
  EXPECT_EQ(machine.row("ben").late, 0u);
}

TEST(SessionBallots, StaleOnesCountUpToTheBound) {
  Machine machine(stale_config(2));
  machine.join_all({"ann", "ben", "cat"});
  without_ann(machine, 3);
  machine.ballot("ann", 0);  // three rounds old
  EXPECT_FALSE(machine.asked<CountBallot>());
  EXPECT_EQ(machine.row("ann").late, 1u);
  machine.ballot("ann", 1);
  ASSERT_TRUE(machine.asked<CountBallot>());
  EXPECT_EQ(machine.only<CountBallot>().round, 1u);
  machine.ballot("ann", 2);
  machine.ballot("ann", 3);
  EXPECT_TRUE(machine.actions.empty());  // one of a key in a tally
  machine.ballot("ben", 3);
  ASSERT_EQ(machine.session.round(), 4u);
  machine.ballot("ann", 1);
  EXPECT_TRUE(machine.actions.empty());
  machine.ballot("ann", 3);  // above the highest one counted, one round old
  EXPECT_TRUE(machine.asked<CountBallot>());
  machine.ballot("ben", 4);
  ASSERT_EQ(machine.session.round(), 5u);
  machine.ballot("ann", 3);
  machine.ballot("ann", 2);
  EXPECT_TRUE(machine.actions.empty());
  EXPECT_EQ(machine.row("ann").counted, 2u);
}

TEST(SessionBallots, StaleOneIsTheAnswerToTheOpenRound) {
  RunConfig config = stale_config(1);
  config.target_voters = 0;
  config.min_voters = 1;
  Machine machine(config);
  machine.join_all({"ann", "ben", "cat"});
  machine.ballot("ben", 0);
  machine.ballot("cat", 0);
  machine.now += seconds(10);
  for (const char* name : {"ann", "ben", "cat"}) machine.heartbeat(name);
  machine.step(Tick{});
  ASSERT_EQ(machine.session.round(), 1u);
  machine.ballot("ben", 1);
  machine.ballot("cat", 1);
  EXPECT_EQ(machine.session.round(), 1u);
  machine.ballot("ann", 0);
  EXPECT_EQ(machine.session.round(), 2u);
}

TEST(SessionBallots, StaleOnesOfTheUninvitedDoNotCount) {
  Machine machine(stale_config(3));
  machine.join_all({"ben", "cat", "dan"});
  without_ann(machine, 2);
  machine.join("ann");
  machine.ballot("ann", 0);
  machine.ballot("ann", 1);
  EXPECT_FALSE(machine.asked<CountBallot>());
  machine.ballot("ann", 2);
  EXPECT_TRUE(machine.asked<CountBallot>());
}

TEST(SessionBallots, TrafficIsWhatCrossed) {
  Machine machine(config_for(2));
  machine.join_all({"ann", "ben"});
  const Frame full = ballot_frame(0, std::string(kParameters, '+'));
  const Frame half = ballot_frame(0, std::string(20, '+') + std::string(20, '0'));
  machine.frame("ann", full);
  machine.frame("ann", full);  // not counted: not in the mean
  machine.frame("ben", half);
  const TrafficTotals& traffic = machine.session.traffic();
  EXPECT_EQ(traffic.ballots, 2u);
  const std::size_t full_planes = 4 * word_count(kParameters);
  const std::size_t half_planes = 4 + full_planes + 3;  // header, voted plane, twenty signs
  EXPECT_EQ(traffic.ballot_plane_bytes, full_planes + half_planes);
  EXPECT_EQ(traffic.ballot_overhead_max,
            std::max(full->size() - full_planes, half->size() - half_planes));
  EXPECT_LE(traffic.ballot_overhead_max, wire::kMaxBallotOverhead);
  EXPECT_EQ(traffic.decisions, 1u);
  EXPECT_EQ(traffic.decisions_sent, 2u);
  EXPECT_EQ(traffic.decision_plane_bytes, full_planes);
  EXPECT_GT(traffic.decision_overhead_max, 0u);
  EXPECT_LE(traffic.decision_overhead_max, wire::kMaxDecisionOverhead);
}

}  // namespace
}  // namespace psephos::coordinator
