#include "coordinator/counting/counting_room.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/replica/checkpoint.h"
#include "runtime/replica/fingerprint.h"
#include "runtime/signs/decision_codec.h"
#include "runtime/wire/limits.h"
#include "tests/coordinator/counting/close.h"
#include "tests/coordinator/counting/late_counter.h"
#include "tests/coordinator/counting/rooms.h"
#include "tests/runtime/signs/signs_of.h"
#include "tests/runtime/wire/examples.h"

namespace psephos::coordinator {
namespace {

using psephos::testing::random_text;
using psephos::testing::signs_of;
using testing::close;
using testing::first_room;
using wire::testing::Dice;

int value_of(char sign) { return sign == '+' ? 1 : sign == '-' ? -1 : 0; }

Replica random_replica(std::size_t d, Dice& dice) {
  Replica x(d);
  for (float& value : x.mutable_parameters()) value = 2 * dice.unit() - 1;
  return x;
}

void count(CountingRoom& room, const std::string& identity, const std::string& signs) {
  const EncodedSigns votes = encode(signs_of(signs));
  const auto frame = std::make_shared<const Bytes>(votes.planes);
  room.count({identity, room.round()}, *decode_held(votes.encoding, *frame, signs.size(), frame));
}

// The same round in integers and plain float operations.
struct Naive {
  std::vector<int> net;
  std::uint32_t voters = 0;

  void add(const std::string& signs) {
    net.resize(signs.size());
    for (std::size_t i = 0; i < signs.size(); ++i) net[i] += value_of(signs[i]);
    ++voters;
  }
  int decision(std::size_t i, std::uint32_t quorum_ppm) const {
    const auto margin = static_cast<std::uint64_t>(std::abs(net[i])) * 1'000'000;
    const bool enough = margin >= std::uint64_t{quorum_ppm} * voters && net[i] != 0;
    return enough ? (net[i] > 0 ? 1 : -1) : 0;
  }
};

float applied(float x, int sign, float delta, float keep) {
  const volatile float product = x * keep;  // rounded before the sum
  if (sign == 0) return product;
  return sign > 0 ? product - delta : product + delta;
}

struct Case {
  std::size_t d;
  std::uint32_t quorum_ppm;  // 0: majority
  double weight_decay;
  const char* schedule;
};

RunConfig config_of(const Case& one) {
  RunConfig config;
  config.hyper.rounds = 40;
  config.hyper.seed = 3;
  config.lr = 0.01;
  config.weight_decay = one.weight_decay;
  config.schedule = *parse_schedule(one.schedule);
  if (one.quorum_ppm != 0) {
    config.decision = *parse_decision_rule("quorum:1");
    config.decision.values = {static_cast<double>(one.quorum_ppm)};
  }
  return config;
}

class CountingRoomCases : public ::testing::TestWithParam<Case> {};

TEST_P(CountingRoomCases, EqualsCountingInIntegersAndApplyingOneByOne) {
  const RunConfig config = config_of(GetParam());
  const std::size_t d = GetParam().d;
  Dice dice(static_cast<std::uint32_t>(d));
  const Replica start = random_replica(d, dice);
  std::vector<float> x(start.parameters().begin(), start.parameters().end());
  CountingRoom room = first_room(config, start);
  std::optional<PackedSigns> before;
  double decay = 0;  // summed until it shows in a float
  for (std::uint32_t round = 0; round < config.hyper.rounds; ++round) {
    Naive naive;
    std::vector<std::string> names;
    for (std::uint32_t voter = 1 + dice.below(20); voter > 0; --voter) {
      const std::string signs = random_text(d, dice.coin() ? 0 : dice.below(101), dice.word());
      names.push_back("client-" + std::to_string(voter));
      naive.add(signs);
      count(room, names.back(), signs);
    }
    const ClosedRound closed = close(room);
    const DecisionRecord& record = *closed.record;
    ASSERT_EQ(record.round, round);
    ASSERT_EQ(record.voters, naive.voters);
    ASSERT_EQ(record.counted.size(), names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      ASSERT_EQ(record.counted[i], (CountedBallot{names[i], round}));
    }
    ASSERT_EQ(record.delta, learning_rate(config.schedule, config.lr, round, 40));
    decay += static_cast<double>(record.delta) * config.weight_decay;
    const bool due = decay >= 0x1p-14;
    ASSERT_EQ(record.keep, due ? static_cast<float>(1 - decay) : 1.0F);
    if (due) decay = 0;

    auto decision =
        decode_decision(record.votes.encoding, record.votes.planes, d, before ? &*before : nullptr);
    ASSERT_TRUE(decision.ok());
    std::size_t decided = 0;
    for (std::size_t i = 0; i < d; ++i) {
      const int sign = naive.decision(i, GetParam().quorum_ppm);
      ASSERT_EQ(decision->at(i), sign) << "round " << round << " parameter " << i;
      x[i] = applied(x[i], sign, record.delta, record.keep);
      decided += sign != 0;
    }
    ASSERT_TRUE(std::equal(x.begin(), x.end(), room.parameters().begin()));
    ASSERT_EQ(record.fingerprint, fingerprint(room.parameters()));
    ASSERT_DOUBLE_EQ(closed.decided, static_cast<double>(decided) / static_cast<double>(d));
    ASSERT_EQ(closed.agreement.size(), names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      ASSERT_EQ(closed.agreement[i].first, names[i]);
      ASSERT_TRUE(closed.agreement[i].second >= 0 && closed.agreement[i].second <= 1);
    }
    ASSERT_EQ(room.round(), round + 1);
    before = *std::move(decision);
  }
}

INSTANTIATE_TEST_SUITE_P(All, CountingRoomCases,
                         ::testing::Values(Case{1, 0, 0, "constant"}, Case{33, 0, 0.5, "sqrt"},
                                           Case{1023, 200'000, 1e-4, "cosine"},
                                           Case{1024, 0, 0, "step:10,20"},
                                           Case{1500, 333'334, 0.01, "constant"},
                                           Case{2049, 1'000'000, 0, "cosine"}));

TEST(CountingRoom, BinaryDownlinkDecidesEverything) {
  RunConfig config = config_of({200, 0, 0, "constant"});
  config.downlink = Downlink::kBinary;
  CountingRoom room = first_room(config, Replica(200));
  const std::string signs = random_text(200, 0, 5);
  std::string opposite = signs;
  for (std::size_t i = 0; i < 100; ++i) opposite[i] = signs[i] == '+' ? '-' : '+';
  count(room, "ann", signs);
  count(room, "ben", opposite);
  const ClosedRound closed = close(room);
  EXPECT_EQ(closed.record->votes.encoding, Encoding::kBinary);
  EXPECT_DOUBLE_EQ(closed.decided, 1.0);
  const auto decision = decode(Encoding::kBinary, closed.record->votes.planes, 200);
  int plus_by_coin = 0;
  for (std::size_t i = 0; i < 100; ++i) plus_by_coin += decision->at(i) == 1;
  EXPECT_GT(plus_by_coin, 20);
  EXPECT_LT(plus_by_coin, 80);
  for (std::size_t i = 100; i < 200; ++i) ASSERT_EQ(decision->at(i), value_of(signs[i]));
}

TEST(CountingRoom, SendsAChangeWhereFewSignsTurn) {
  CountingRoom room = first_room(config_of({2000, 0, 0, "constant"}), Replica(2000));
  std::string signs = random_text(2000, 20, 5);
  PackedSigns before;
  for (std::uint32_t round = 0; round < 5; ++round) {
    for (std::size_t i = round; i < 2000; i += 50) signs[i] = signs[i] == '+' ? '-' : '+';
    count(room, "ann", signs);
    const ClosedRound closed = close(room);
    const EncodedSigns& votes = closed.record->votes;
    EXPECT_EQ(votes.encoding, round == 0 ? Encoding::kTernary : Encoding::kChange);
    EXPECT_LE(votes.planes.size(), encode(signs_of(signs)).planes.size());
    auto decision =
        decode_decision(votes.encoding, votes.planes, 2000, round == 0 ? nullptr : &before);
    ASSERT_TRUE(decision.ok());
    ASSERT_EQ(*decision, signs_of(signs));
    before = *std::move(decision);
    // Whoever starts from the checkpoint knows what the next change refers to.
    const CheckpointRef checkpoint = room.checkpoint();
    CheckpointLoader loader;
    Replica loaded(2000);
    ASSERT_TRUE(
        *loader.load(checkpoint->bytes, 0, 1, wire::kChunkBytes, loaded.mutable_parameters()));
    ASSERT_TRUE(loader.last_decision());
    EXPECT_EQ(*loader.last_decision(), before);
  }
}

TEST(CountingRoom, LostTallyIsForgotten) {
  const RunConfig config = config_of({64, 0, 0, "constant"});
  CountingRoom room = first_room(config, Replica(64));
  count(room, "ann", std::string(64, '-'));
  count(room, "ben", std::string(64, '-'));
  room.lose_tally();
  const auto lost = room.take();
  ASSERT_TRUE(lost && std::holds_alternative<BallotsLost>(*lost));
  count(room, "ann", std::string(64, '+'));
  const ClosedRound closed = close(room);
  EXPECT_EQ(closed.record->voters, 1u);
  EXPECT_EQ(closed.record->counted, (std::vector<CountedBallot>{{"ann", 0}}));
  EXPECT_EQ(decode(closed.record->votes.encoding, closed.record->votes.planes, 64)->at(0), 1);
}

HeldSigns held_text(const std::string& signs) { return psephos::testing::held(signs_of(signs)); }

TEST(CountingRoom, AMergedTallyGivesTheRecordOfItsBallots) {
  constexpr std::size_t kVoters = 5;
  const RunConfig config = config_of({1500, 0, 0.01, "constant"});
  std::vector<std::string> votes;
  for (std::uint32_t i = 0; i < kVoters; ++i) votes.push_back(random_text(1500, 20 * i, i));
  const auto ballot = [](std::size_t i) { return CountedBallot{"client-" + std::to_string(i), 0}; };
  CountingRoom singly = first_room(config, Replica(1500));
  for (std::size_t i = 0; i < kVoters; ++i) singly.count(ballot(i), held_text(votes[i]));
  CountingRoom together = first_room(config, Replica(1500));
  together.count(ballot(0), held_text(votes[0]));
  Contribution relayed;
  auto tally = std::make_shared<Tally>(std::size_t{1500});
  for (std::size_t i = 1; i < 4; ++i) {
    relayed.ballots.push_back(ballot(i));
    tally->add(signs_of(votes[i]));
  }
  relayed.votes = std::move(tally);
  together.count(std::move(relayed));
  together.count(ballot(4), held_text(votes[4]));
  const ClosedRound one = close(singly);
  const ClosedRound other = close(together);
  EXPECT_EQ(*one.record, *other.record);
  EXPECT_EQ(one.decided, other.decided);
  EXPECT_EQ(one.agreement.size(), kVoters);
  const std::vector<std::pair<std::string, double>> single{one.agreement.front(),
                                                           one.agreement.back()};
  EXPECT_EQ(other.agreement, single);
}

// A room whose counter a test holds in its hands.
struct LateRoom {
  explicit LateRoom(const RunConfig& config, std::size_t d = 64)
      : counter(new testing::LateCounter(testing::counter_start(config, Replica(d)))),
        room(config, std::unique_ptr<VoteCounter>(counter), 0,
             testing::first_carried(config, testing::one_tensor(d))) {}

  bool loses() {
    const auto outcome = room.take();
    return outcome && std::holds_alternative<BallotsLost>(*outcome);
  }

  testing::LateCounter* counter;  // the room's
  CountingRoom room;
};

TEST(CountingRoom, IsWhereItWasUntilItsCounterAnswers) {
  LateRoom late(config_of({64, 0, 0.5, "constant"}));
  const std::uint64_t before = late.room.fingerprint();
  count(late.room, "ann", std::string(64, '-'));
  late.room.close();
  EXPECT_FALSE(late.room.take());
  EXPECT_EQ(late.room.round(), 0u);
  EXPECT_EQ(late.room.fingerprint(), before);
  late.counter->answer();
  const auto outcome = late.room.take();
  ASSERT_TRUE(outcome && std::holds_alternative<ClosedRound>(*outcome));
  EXPECT_FALSE(late.room.take());
  EXPECT_EQ(late.room.round(), 1u);
  EXPECT_EQ(late.room.fingerprint(), std::get<ClosedRound>(*outcome).record->fingerprint);
  EXPECT_EQ(fingerprint(late.room.parameters()), late.room.fingerprint());
}

TEST(CountingRoom, ALostCloseLeavesNoTraceInTheNext) {
  const RunConfig config = config_of({64, 0, 0.002, "constant"});
  LateRoom late(config);
  CountingRoom other = first_room(config, Replica(64));
  for (std::uint32_t round = 0; round < 20; ++round) {
    count(late.room, "ann", std::string(64, '-'));
    late.room.close();
    if (round % 3 == 0) {
      late.counter->lose();
      ASSERT_TRUE(late.loses());
      EXPECT_EQ(late.room.round(), round);
      count(late.room, "ben", std::string(64, '+'));
      late.room.close();
    }
    count(other, round % 3 == 0 ? "ben" : "ann", std::string(64, round % 3 == 0 ? '+' : '-'));
    late.counter->answer();
    const auto outcome = late.room.take();
    ASSERT_TRUE(outcome && std::holds_alternative<ClosedRound>(*outcome));
    EXPECT_EQ(*std::get<ClosedRound>(*outcome).record, *close(other).record);
  }
}

TEST(CountingRoom, AnAnswerOfALostCloseIsNotTaken) {
  LateRoom late(config_of({64, 0, 0, "constant"}));
  count(late.room, "ann", std::string(64, '-'));
  late.room.close();
  const CounterClosed overtaken = late.counter->give_up();
  ASSERT_TRUE(late.loses());
  late.counter->answer_late(overtaken);
  EXPECT_FALSE(late.room.take());  // while the round is open
  count(late.room, "ben", std::string(64, '+'));
  late.room.close();
  late.counter->answer_late(overtaken);
  EXPECT_FALSE(late.room.take());  // while it is being closed again
  late.counter->answer();
  late.counter->answer_late(overtaken);
  const auto outcome = late.room.take();
  ASSERT_TRUE(outcome && std::holds_alternative<ClosedRound>(*outcome));
  EXPECT_EQ(std::get<ClosedRound>(*outcome).record->counted,
            (std::vector<CountedBallot>{{"ben", 0}}));
  EXPECT_FALSE(late.room.take());  // when it is over
  EXPECT_EQ(late.room.round(), 1u);
}

TEST(CountingRoom, CheckpointDecodesToTheReplica) {
  Dice dice(9);
  for (const std::size_t d : {std::size_t{1}, std::size_t{1000}, std::size_t{130'000}}) {
    CountingRoom room = first_room(config_of({d, 0, 0, "constant"}), random_replica(d, dice));
    for (std::uint32_t round = 0; round < 3; ++round) {
      const CheckpointRef checkpoint = room.checkpoint();
      EXPECT_EQ(checkpoint->round, round);
      EXPECT_EQ(checkpoint->fingerprint, fingerprint(room.parameters()));
      EXPECT_LE(checkpoint->bytes.size(), wire::max_checkpoint_bytes(d));
      const auto chunks = static_cast<std::uint32_t>(wire::chunk_count(checkpoint->bytes.size()));
      CheckpointLoader loader;
      Replica loaded(d);
      for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
        const std::size_t offset = chunk * wire::kChunkBytes;
        const std::size_t size = std::min(wire::kChunkBytes, checkpoint->bytes.size() - offset);
        const auto done = loader.load(std::span(checkpoint->bytes).subspan(offset, size), chunk,
                                      chunks, wire::kChunkBytes, loaded.mutable_parameters());
        ASSERT_TRUE(done.ok());
        ASSERT_EQ(*done, chunk + 1 == chunks);
      }
      EXPECT_EQ(loader.header().round, round);
      EXPECT_EQ(loader.header().fingerprint, checkpoint->fingerprint);
      EXPECT_EQ(loader.header().encoding == Encoding::kNone, round == 0);
      EXPECT_EQ(loaded.fingerprint(), checkpoint->fingerprint);
      count(room, "ann", random_text(d, 30, round));
      close(room);
    }
  }
}

}  // namespace
}  // namespace psephos::coordinator
