#include <gtest/gtest.h>

#include "tests/runtime/wire/examples.h"
#include "tests/runtime/wire/same.h"

namespace psephos::wire::round_trip_test {
namespace {

using namespace testing;

constexpr std::uint32_t kSeed = 20180611;
constexpr std::size_t kParameters = 101'770;

TEST(RoundTrip, KeepsEveryFieldOfEveryClientMessage) {
  Dice dice(kSeed);
  for (unsigned i = 0; i < 600; ++i) {
    const auto planes = random_bytes(dice, dice.coin() ? 0 : dice.below(3000));
    const ClientMessage message = random_client_message(dice, i, planes);
    const Frame frame = build(message);
    const auto read = read_client_frame(*frame, kParameters);
    ASSERT_TRUE(read.ok()) << i << ": " << read.error().text;
    ASSERT_TRUE(same(message, *read)) << i;
    ASSERT_EQ(*build(*read), *frame) << i;
  }
}

TEST(RoundTrip, KeepsEveryFieldOfEveryCoordinatorMessage) {
  Dice dice(kSeed + 1);
  for (unsigned i = 0; i < 800; ++i) {
    const auto planes = random_bytes(dice, 1 + dice.below(3000));
    const CoordinatorMessage message = random_coordinator_message(dice, i, planes);
    const Frame frame = build(message);
    const auto read = read_coordinator_frame(*frame, kParameters);
    ASSERT_TRUE(read.ok()) << i << ": " << read.error().text;
    ASSERT_TRUE(same(message, *read)) << i;
    ASSERT_EQ(*build(*read), *frame) << i;
  }
}

TEST(RoundTrip, PlanesOfAnyAddressAreReadInPlace) {
  Dice dice(kSeed + 2);
  const auto bytes = random_bytes(dice, 1000);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    const Ballot ballot{.encoding = Encoding::kTernary,
                        .planes = std::span(bytes).subspan(shift, 900 + shift),
                        .scales = {}};
    const Frame frame = build(ClientMessage{ballot});
    const auto read = read_client_frame(*frame, kParameters);
    ASSERT_TRUE(read.ok()) << read.error().text;
    const auto planes = std::get<Ballot>(*read).planes;
    EXPECT_TRUE(same_bytes(planes, ballot.planes));
    EXPECT_GE(planes.data(), frame->data());
    EXPECT_LE(planes.data() + planes.size(), frame->data() + frame->size());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(planes.data()) % 4, 0u);
  }
}

TEST(Overhead, OfABallotAndADecisionIsBoundedWhateverDIs) {
  Dice dice(kSeed + 3);
  for (const std::size_t d :
       {1u, 2u, 31u, 32u, 33u, 37u, 1023u, 1024u, 1025u, 7850u, 101'770u, 101'771u, 1'000'003u}) {
    for (const std::size_t planes_bytes :
         {4 * word_count(d), max_planes_bytes(d), max_planes_bytes(d) - 1, max_planes_bytes(d) - 2,
          max_planes_bytes(d) - 3}) {
      const std::vector<std::uint8_t> planes(planes_bytes, 0x5A);
      auto ballot = std::get<Ballot>(random_client_message(dice, 1, planes));
      ballot.scales.clear();
      const std::size_t up = build(ClientMessage{ballot})->size() - planes_bytes;
      EXPECT_LE(up, kMaxBallotOverhead) << d << " " << planes_bytes;
      Decision decision = random_decision(dice, 7, planes);
      decision.next.scales.clear();
      decision.steps.clear();
      const std::size_t down = build(CoordinatorMessage{decision})->size() - planes_bytes;
      EXPECT_LE(down, kMaxDecisionOverhead) << d << " " << planes_bytes;
    }
  }
}

TEST(Overhead, TheLargestPlanesFitTheFramesOfBothSides) {
  for (const std::size_t d : {std::size_t{1}, std::size_t{101'770}, kDefaultMaxParameters}) {
    const std::vector<std::uint8_t> planes(max_planes_bytes(d), 1);
    const Ballot ballot{
        .encoding = Encoding::kTernary, .planes = planes, .scales = std::vector<float>(256, 1.0f)};
    EXPECT_TRUE(read_client_frame(*build(ClientMessage{ballot}), d).ok());
    Decision decision{.round = 9, .delta = 1, .planes = planes, .steps = std::vector<float>(256)};
    decision.next.scales = decision.steps;
    decision.counted.given = kMaxSlots;
    for (std::uint32_t slot = 0; slot < kMaxSlots; slot += 2) {
      decision.counted.slots.push_back(slot);
    }
    for (std::uint32_t slot = 0; slot < kMaxEarlier; ++slot) {
      decision.counted.earlier.push_back({slot, 8});
    }
    const auto read = read_coordinator_frame(*build(CoordinatorMessage{decision}), d);
    EXPECT_TRUE(read.ok()) << read.error().text;
  }
}

TEST(Overhead, AFullChunkFitsACatchUpFrame) {
  const std::vector<std::uint8_t> bytes(kChunkBytes, 1);
  const CheckpointChunk chunk{
      .round = 1, .fingerprint = 2, .chunk = 0, .chunks = 2, .bytes = bytes};
  const Past past{.session = 1, .decisions = {}, .chunk = chunk};
  EXPECT_LE(build(CoordinatorMessage{past})->size(), kCatchUpFrameBytes);
}

// As many names as there may be, and as many bytes of them.
DataSchema largest_schema() {
  DataSchema schema;
  schema.columns.assign(kMaxColumns, std::string(kMaxColumnBytes / kMaxColumns, 'c'));
  schema.classes.assign(kMaxClasses, std::string(kMaxClassBytes / kMaxClasses, 'c'));
  schema.rows = schema.image_columns = schema.channels = 1;
  return schema;
}

TEST(Overhead, TheLargestWelcomeFitsItsBound) {
  Welcome welcome;
  for (std::uint32_t i = 0; i < kMaxTensors; ++i) {
    welcome.tensors.push_back({std::string(kMaxTensorName, 'n'), 3 * i, 3, 0.5f});
  }
  welcome.hyper.model = std::string(kMaxModelBytes, 'm');
  welcome.schema = largest_schema();
  welcome.schema.feature_scales.assign(kMaxFeatureScales, 0.5f);
  welcome.schema.feature_offsets.assign(kMaxFeatureScales, 0.5f);
  welcome.hyper.ballot = *parse_ballot_rule("stochastic-ternary:8");
  welcome.terms.scales.assign(kMaxTensors, 1);
  welcome.digests.assign(kMaxDigests, 1);
  welcome.version = std::string(kMaxVersionBytes, 'v');
  const Frame frame = build(CoordinatorMessage{welcome});  // checks its bound
  const auto read = read_coordinator_frame(*frame, 3 * kMaxTensors);
  ASSERT_TRUE(read.ok()) << read.error().text;
  EXPECT_TRUE(same(CoordinatorMessage{welcome}, *read));
}

TEST(Overhead, TheLargestJoinFitsItsBoundAndAnyModelsCoordinator) {
  Join join{.name = std::string(kMaxNameBytes, 'n'),
            .arithmetic = std::string(kMaxArithmeticBytes, 'a'),
            .schema = largest_schema(),
            .enrol = Bytes(kEnrolBytes, 1)};
  const Frame frame = build(ClientMessage{join});  // checks its bound
  const auto read = read_client_frame(*frame, 1);
  ASSERT_TRUE(read.ok()) << read.error().text;
  EXPECT_TRUE(same(ClientMessage{join}, *read));
}

}  // namespace
}  // namespace psephos::wire::round_trip_test
