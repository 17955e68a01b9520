#include "coordinator/counting/counting_room.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/replica/checkpoint.h"
#include "runtime/signs/decision_codec.h"
#include "runtime/wire/limits.h"
#include "tests/runtime/signs/signs_of.h"
#include "tests/runtime/wire/examples.h"

namespace psephos::coordinator {
namespace {

using psephos::testing::random_text;
using psephos::testing::signs_of;
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
  if (one.quorum_ppm != 0) config.decision = {DecisionRule::Kind::kQuorum, one.quorum_ppm};
  return config;
}

class CountingRoomCases : public ::testing::TestWithParam<Case> {};

TEST_P(CountingRoomCases, EqualsCountingInIntegersAndApplyingOneByOne) {
  const RunConfig config = config_of(GetParam());
  const std::size_t d = GetParam().d;
  Dice dice(static_cast<std::uint32_t>(d));
  const Replica start = random_replica(d, dice);
  std::vector<float> x(start.parameters().begin(), start.parameters().end());
  CountingRoom room(config, start, 0);
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
    const ClosedRound closed = room.close();
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
    ASSERT_TRUE(std::equal(x.begin(), x.end(), room.replica().parameters().begin()));
    ASSERT_EQ(record.fingerprint, room.replica().fingerprint());
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
  CountingRoom room(config, Replica(200), 0);
  const std::string signs = random_text(200, 0, 5);
  std::string opposite = signs;
  for (std::size_t i = 0; i < 100; ++i) opposite[i] = signs[i] == '+' ? '-' : '+';
  count(room, "ann", signs);
  count(room, "ben", opposite);
  const ClosedRound closed = room.close();
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
  CountingRoom room(config_of({2000, 0, 0, "constant"}), Replica(2000), 0);
  std::string signs = random_text(2000, 20, 5);
  PackedSigns before;
  for (std::uint32_t round = 0; round < 5; ++round) {
    for (std::size_t i = round; i < 2000; i += 50) signs[i] = signs[i] == '+' ? '-' : '+';
    count(room, "ann", signs);
    const ClosedRound closed = room.close();
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
  CountingRoom room(config, Replica(64), 0);
  count(room, "ann", std::string(64, '-'));
  count(room, "ben", std::string(64, '-'));
  room.lose_tally();
  count(room, "ann", std::string(64, '+'));
  const ClosedRound closed = room.close();
  EXPECT_EQ(closed.record->voters, 1u);
  EXPECT_EQ(closed.record->counted, (std::vector<CountedBallot>{{"ann", 0}}));
  EXPECT_EQ(decode(closed.record->votes.encoding, closed.record->votes.planes, 64)->at(0), 1);
}

TEST(CountingRoom, CheckpointDecodesToTheReplica) {
  Dice dice(9);
  for (const std::size_t d : {std::size_t{1}, std::size_t{1000}, std::size_t{130'000}}) {
    CountingRoom room(config_of({d, 0, 0, "constant"}), random_replica(d, dice), 0);
    for (std::uint32_t round = 0; round < 3; ++round) {
      const CheckpointRef checkpoint = room.checkpoint();
      EXPECT_EQ(checkpoint->round, round);
      EXPECT_EQ(checkpoint->fingerprint, room.replica().fingerprint());
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
      room.close();
    }
  }
}

}  // namespace
}  // namespace psephos::coordinator
