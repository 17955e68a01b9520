// A counting room whose rules want more than signs: scales, steps per tensor, a memory.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "coordinator/counting/counting_room.h"
#include "coordinator/ledger/replay.h"
#include "runtime/signs/decision_codec.h"
#include "runtime/vote/net_counts.h"
#include "tests/coordinator/counting/close.h"
#include "tests/coordinator/counting/halving_rule.h"
#include "tests/coordinator/counting/late_counter.h"
#include "tests/coordinator/counting/rooms.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos::coordinator::rules_of_a_room_test {
namespace {

using psephos::testing::held;
using psephos::testing::random_text;
using psephos::testing::signs_of;
using testing::close;
using testing::first_carried;
using testing::room_of;

constexpr std::size_t kParameters = 1100;
const TensorTable kTensors = {{"weight", 0, 1000, 0.25F}, {"bias", 1000, 100, 0}};

RunConfig config_of(const std::string& decision, const std::string& ballot = "sign") {
  RunConfig config;
  config.hyper.rounds = 40;
  config.hyper.seed = 3;
  config.hyper.ballot = *parse_ballot_rule(ballot);
  config.decision = *parse_decision_rule(decision);
  config.lr = 0.25;
  config.weight_decay = 0.01;
  return config;
}

CountingRoom new_room(const RunConfig& config) {
  return room_of(config, kTensors, Replica(kParameters), 0, first_carried(config, kTensors));
}

void count(CountingRoom& room, std::uint32_t voter, std::vector<float> scales = {}) {
  const std::string signs = random_text(kParameters, voter % 3 * 20, 100 * room.round() + voter);
  room.count({"client-" + std::to_string(voter), room.round()}, held(signs_of(signs)),
             std::move(scales));
}

ClosedRound round_of(CountingRoom& room, std::uint32_t voters) {
  for (std::uint32_t voter = 0; voter < voters; ++voter) count(room, voter);
  return close(room);
}

using Scales = std::vector<float>;

TEST(RoomWithScales, FollowsTheLowerMedianOfWhatCountedBallotsReport) {
  CountingRoom room = new_room(config_of("majority", "stochastic-ternary:2"));
  EXPECT_EQ(room.terms().scales, (Scales{0, 0}));  // nothing is known in round 0
  const std::vector<Scales> reports = {{9, 6}, {1, 0}, {8, 5}, {3, 0}};
  for (std::uint32_t voter = 0; voter < 4; ++voter) count(room, voter, reports[voter]);
  const ClosedRound closed = close(room);
  // The first median that is not 0 sets a scale, times the rule's multiple.
  EXPECT_EQ(closed.record->next.scales, (Scales{6, 0}));
  EXPECT_EQ(room.terms(), closed.record->next);
  EXPECT_EQ(room.terms().batch, 32u);
}

TEST(RoomWithScales, MovesThemByAFactorOfTwoARoundAtMost) {
  CountingRoom room = new_room(config_of("majority", "stochastic-ternary:1"));
  const auto after = [&room](const Scales& report) {
    count(room, 0, report);
    return close(room).record->next.scales;
  };
  EXPECT_EQ(after({3, 5}), (Scales{3, 5}));
  EXPECT_EQ(after({1e30F, 4}), (Scales{6, 4}));
  EXPECT_EQ(after({1e-30F, 6}), (Scales{3, 6}));
  EXPECT_EQ(after({0, 0}), (Scales{3, 6}));  // a median of 0 says nothing
}

TEST(RoomWithScales, ForgetsReportsOfALostTally) {
  CountingRoom room = new_room(config_of("majority", "stochastic-ternary:1"));
  for (std::uint32_t voter = 0; voter < 3; ++voter) count(room, voter, {100, 100});
  room.lose_tally();
  ASSERT_TRUE(std::holds_alternative<BallotsLost>(*room.take()));
  count(room, 1, {3, 4});
  EXPECT_EQ(close(room).record->next.scales, (Scales{3, 4}));
}

TEST(RoomWithScales, TakesTheReportsOfVotersThatComeAsATally) {
  CountingRoom room = new_room(config_of("majority", "stochastic-ternary:1"));
  auto tally = std::make_shared<Tally>(kParameters);
  tally->add(signs_of(std::string(kParameters, '+')));
  tally->add(signs_of(std::string(kParameters, '-')));
  room.count(Contribution{{{"ann", 0}, {"ben", 0}}, tally, {{7, 1}, {9, 2}}});
  count(room, 3, {8, 3});
  EXPECT_EQ(close(room).record->next.scales, (Scales{8, 2}));
}

TEST(RoomWithScales, HasNoneWhereTheRuleAsksForNone) {
  CountingRoom room = new_room(config_of("majority", "threshold:0.5"));
  EXPECT_TRUE(round_of(room, 3).record->next.scales.empty());
}

TEST(RoomWithSteps, RecordsAndAppliesTheStepOfEachTensor) {
  RunConfig config = config_of("majority");
  config.decision = testing::halving();
  config.weight_decay = 0;
  CountingRoom room = new_room(config);
  const ClosedRound closed = round_of(room, 3);
  EXPECT_EQ(closed.record->delta, 0.25F);
  EXPECT_EQ(closed.record->steps, (std::vector<float>{0.25F, 0.125F}));
  const auto signs =
      decode(closed.record->votes.encoding, closed.record->votes.planes, kParameters);
  ASSERT_TRUE(signs.ok());
  for (std::size_t i = 0; i < kParameters; ++i) {
    const float step = i < 1000 ? 0.25F : 0.125F;
    ASSERT_EQ(room.parameters()[i], -step * static_cast<float>(signs->at(i))) << i;
  }
  CountingRoom plain = new_room(config_of("majority"));
  EXPECT_TRUE(round_of(plain, 3).record->steps.empty());
}

TEST(RememberingRoom, GivesTheRoundsNetCountsAndTheirHash) {
  CountingRoom room = new_room(config_of("momentum:0.9"));
  for (std::uint32_t round = 0; round < 3; ++round) {
    Tally tally(kParameters);
    for (std::uint32_t voter = 0; voter < 4; ++voter) {
      tally.add(signs_of(random_text(kParameters, voter % 3 * 20, 100 * round + voter)));
    }
    const ClosedRound closed = round_of(room, 4);
    ASSERT_TRUE(closed.counts);
    EXPECT_EQ(*closed.counts, NetCounts(tally).serialise());
    EXPECT_EQ(closed.record->counts_hash, hash_counts(*closed.counts));
    EXPECT_NE(closed.record->counts_hash, 0u);
  }
}

TEST(RememberingRoom, KeepsNothingOfARunThatCannotGoOn) {
  const RunConfig config = config_of("momentum:0.9,0.1");
  Carried carried = first_carried(config, kTensors);
  carried.durable = false;
  CountingRoom room = room_of(config, kTensors, Replica(kParameters), 0, std::move(carried));
  CountingRoom durable = new_room(config);
  Bytes nothing;
  append_state({}, nothing);
  for (std::uint32_t round = 0; round < 5; ++round) {
    const ClosedRound closed = round_of(room, 3);
    EXPECT_FALSE(closed.counts);
    EXPECT_EQ(closed.record->counts_hash, 0u);
    EXPECT_EQ(room.checkpoint()->rule, nothing);
    DecisionRecord kept = *round_of(durable, 3).record;
    kept.counts_hash = 0;
    EXPECT_EQ(*closed.record, kept);  // but it decides the same
  }
}

TEST(RememberingRoom, ARuleThatForgetsKeepsNoCounts) {
  CountingRoom room = new_room(config_of("quorum:0.1"));
  const ClosedRound closed = round_of(room, 3);
  EXPECT_FALSE(closed.counts);
  EXPECT_EQ(closed.record->counts_hash, 0u);
  Bytes nothing;
  append_state({}, nothing);
  EXPECT_EQ(room.checkpoint()->rule, nothing);
}

// The room that goes on from a checkpoint, as a restart makes it.
CountingRoom from_checkpoint(const RunConfig& config, const CountingRoom& room, double pending) {
  RunRecord run;
  run.words = run_words(config, kTensors, 0, 0);
  run.parameters = kParameters;
  run.tensors = kTensors;
  auto replay = Replay::from(*room.checkpoint(), run);
  EXPECT_TRUE(replay.ok()) << replay.error().text;
  Carried carried;
  carried.last = replay->take_last();
  carried.decay_pending = pending;
  carried.terms = replay->terms();
  carried.rule = replay->take_rule();
  carried.durable = true;
  return room_of(config, kTensors, replay->take_replica(), room.round(), std::move(carried));
}

TEST(RememberingRoom, DecidesTheSameFromItsCheckpointOn) {
  const RunConfig config = config_of("momentum:0.9,0.02");
  CountingRoom room = new_room(config);
  double pending = 0;
  bool forgetting_shows = false;
  for (std::uint32_t round = 0; round < 12; ++round) {
    CountingRoom again = from_checkpoint(config, room, pending);
    CountingRoom forgetful =
        room_of(config, kTensors, Replica(kParameters), round, first_carried(config, kTensors));
    const ClosedRound closed = round_of(room, 3);
    EXPECT_EQ(*round_of(again, 3).record, *closed.record);
    EXPECT_EQ(again.checkpoint()->rule, room.checkpoint()->rule);
    forgetting_shows |= round_of(forgetful, 3).decided != closed.decided;
    pending = closed.record->decay_pending;
  }
  EXPECT_TRUE(forgetting_shows);
}

TEST(RememberingRoom, ALostCloseLeavesNothingThatTheRuleRemembers) {
  const RunConfig config = config_of("momentum:0.9,0.02");
  auto* counter = new testing::LateCounter({config, kTensors, Replica(kParameters)});
  CountingRoom room(config, std::unique_ptr<VoteCounter>(counter), 0,
                    first_carried(config, kTensors));
  CountingRoom undisturbed = new_room(config);
  for (std::uint32_t round = 0; round < 9; ++round) {
    if (round % 2 == 0) {
      for (std::uint32_t voter = 7; voter < 9; ++voter) count(room, voter);
      room.close();
      counter->give_up();
      ASSERT_TRUE(std::holds_alternative<BallotsLost>(*room.take()));
    }
    for (std::uint32_t voter = 0; voter < 3; ++voter) count(room, voter);
    room.close();
    counter->answer();
    const auto outcome = room.take();
    ASSERT_TRUE(outcome && std::holds_alternative<ClosedRound>(*outcome));
    EXPECT_EQ(*std::get<ClosedRound>(*outcome).record, *round_of(undisturbed, 3).record);
  }
}

}  // namespace
}  // namespace psephos::coordinator::rules_of_a_room_test
