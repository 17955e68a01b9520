#include <gtest/gtest.h>

#include "tests/runtime/wire/examples.h"
#include "tests/runtime/wire/same.h"

namespace psephos::wire {
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
      decision.scales.clear();
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
    const Decision decision{.delta = 1, .planes = planes, .scales = std::vector<float>(256, 1.0f)};
    EXPECT_TRUE(read_coordinator_frame(*build(CoordinatorMessage{decision}), d).ok());
  }
}

TEST(Overhead, AFullChunkFitsACatchUpFrame) {
  const std::vector<std::uint8_t> bytes(kChunkBytes, 1);
  const CheckpointChunk chunk{
      .round = 1, .fingerprint = 2, .chunk = 0, .chunks = 2, .bytes = bytes};
  const Past past{.session = 1, .decisions = {}, .chunk = chunk};
  EXPECT_LE(build(CoordinatorMessage{past})->size(), kCatchUpFrameBytes);
}

TEST(Overhead, TheLargestWelcomeFitsItsBound) {
  Welcome welcome;
  for (std::uint32_t i = 0; i < kMaxTensors; ++i) {
    welcome.tensors.push_back({std::string(kMaxTensorName, 'n'), 3 * i, 3, 0.5f});
  }
  welcome.hyper.model = std::string(kMaxModelBytes, 'm');
  EXPECT_LE(build(CoordinatorMessage{welcome})->size(), kMaxWelcomeBytes);
}

}  // namespace
}  // namespace psephos::wire
