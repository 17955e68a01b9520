// Frames from anybody: cut short, flipped, invented. Run under the sanitizers, these tests say that
// no byte string is read out of bounds.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/runtime/wire/examples.h"

namespace psephos::wire::hostile_test {
namespace {

using namespace testing;

constexpr std::uint32_t kSeed = 41;
constexpr std::size_t kParameters = 101'770;

void expect_bounded(const std::vector<std::string>& names, std::size_t count, std::size_t bytes) {
  std::size_t total = 0;
  for (const std::string& name : names) total += name.size();
  EXPECT_LE(names.size(), count);
  EXPECT_LE(total, bytes);
}

void expect_bounded(const DataSchema& schema) {
  expect_bounded(schema.columns, kMaxColumns, kMaxColumnBytes);
  expect_bounded(schema.classes, kMaxClasses, kMaxClassBytes);
  EXPECT_LE(schema.feature_scales.size(), kMaxFeatureScales);
  EXPECT_EQ(schema.feature_scales.size(), schema.feature_offsets.size());
}

void expect_bounded(const ClientMessage& message) {
  if (const auto* join = std::get_if<Join>(&message)) {
    EXPECT_LE(join->name.size(), kMaxNameBytes);
    EXPECT_LE(join->arithmetic.size(), kMaxArithmeticBytes);
    EXPECT_LE(join->part, join->parts);
    EXPECT_TRUE(join->enrol.empty() || join->enrol.size() == kEnrolBytes);
    expect_bounded(join->schema);
  } else if (const auto* ballot = std::get_if<Ballot>(&message)) {
    EXPECT_LE(ballot->planes.size(), max_planes_bytes(kParameters));
    EXPECT_LE(ballot->scales.size(), kMaxTensors);
    EXPECT_TRUE(std::isfinite(ballot->loss));
  } else if (const auto* evaluation = std::get_if<Evaluation>(&message)) {
    EXPECT_TRUE(std::isfinite(evaluation->loss));
    EXPECT_TRUE(evaluation->accuracy >= 0 && evaluation->accuracy <= 1);
  }
}

void expect_bounded(const Decision& decision) {
  EXPECT_LE(decision.planes.size(), max_planes_bytes(kParameters));
  EXPECT_TRUE(check_round_terms(decision.next).ok());
  EXPECT_LE(decision.steps.size(), kMaxTensors);
  EXPECT_LE(decision.counted.given, kMaxSlots);
  EXPECT_LE(decision.counted.slots.size(), decision.counted.given);
  EXPECT_LE(decision.counted.earlier.size(), kMaxEarlier);
  EXPECT_TRUE(std::isfinite(decision.delta) && decision.delta >= 0);
  EXPECT_TRUE(decision.keep > 0 && decision.keep <= 1);
}

void expect_bounded(const CoordinatorMessage& message) {
  if (const auto* welcome = std::get_if<Welcome>(&message)) {
    EXPECT_TRUE(check_tensor_table(welcome->tensors, kParameters).ok());
    EXPECT_TRUE(check_hyperparameters(welcome->hyper).ok());
    EXPECT_TRUE(check_round_terms(welcome->terms).ok());
    EXPECT_LE(welcome->digests.size(), kMaxDigests);
    EXPECT_LE(welcome->version.size(), kMaxVersionBytes);
    expect_bounded(welcome->schema);
  } else if (const auto* decision = std::get_if<Decision>(&message)) {
    expect_bounded(*decision);
  } else if (const auto* past = std::get_if<Past>(&message)) {
    EXPECT_LE(past->decisions.size(), kMaxPastDecisions);
    EXPECT_NE(past->decisions.empty(), !past->chunk);
    for (const Decision& one : past->decisions) expect_bounded(one);
    if (past->chunk) {
      EXPECT_LT(past->chunk->chunk, past->chunk->chunks);
      EXPECT_LE(past->chunk->bytes.size(), kChunkBytes);
    }
  } else if (const auto* refusal = std::get_if<Refusal>(&message)) {
    EXPECT_LE(refusal->text.size(), kMaxRefusalText);
    EXPECT_LE(refusal->wait_ms, kMaxWaitMs);
  }
}

// Reads as both sides would: what comes out is a sentence or a bounded value, and a value can be
// built again. Returns whether anybody accepted it.
bool try_both(const Bytes& frame) {
  const auto client = read_client_frame(frame, kParameters);
  if (client) {
    expect_bounded(*client);
    EXPECT_TRUE(build(*client));
  } else {
    EXPECT_FALSE(client.error().text.empty());
  }
  const auto coordinator = read_coordinator_frame(frame, kParameters);
  if (coordinator) {
    expect_bounded(*coordinator);
    EXPECT_TRUE(build(*coordinator));
  } else {
    EXPECT_FALSE(coordinator.error().text.empty());
  }
  return client.ok() || coordinator.ok();
}

std::vector<Bytes> valid_frames(Dice& dice, std::size_t planes_bytes) {
  const auto planes = random_bytes(dice, planes_bytes);
  std::vector<Bytes> frames;
  for (unsigned kind = 0; kind < std::variant_size_v<ClientMessage>; ++kind) {
    frames.push_back(*build(random_client_message(dice, kind, planes)));
  }
  for (unsigned kind = 0; kind <= std::variant_size_v<CoordinatorMessage>; ++kind) {
    frames.push_back(*build(random_coordinator_message(dice, kind, planes)));
  }
  return frames;
}

TEST(Hostile, AFrameCutShortAtAnyLengthIsRefusedOrBounded) {
  Dice dice(kSeed);
  for (const Bytes& frame : valid_frames(dice, 40)) {
    EXPECT_TRUE(try_both(frame));
    for (std::size_t length = 0; length < frame.size(); ++length) {
      // A copy of exactly this size: the sanitizers see one byte too far.
      try_both(Bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(length)));
    }
  }
}

TEST(Hostile, AFrameWithoutItsLastBytesOfPlanesIsRefused) {
  Dice dice(kSeed + 1);
  const auto planes = random_bytes(dice, 200);
  for (const Bytes& frame : {*build(random_client_message(dice, 1, planes)),
                             *build(random_coordinator_message(dice, 1, planes))}) {
    // More than three bytes: those may be padding.
    for (std::size_t cut = 4; cut < frame.size(); ++cut) {
      EXPECT_FALSE(try_both(Bytes(frame.begin(), frame.end() - static_cast<std::ptrdiff_t>(cut))));
    }
  }
}

TEST(Hostile, AnyFlippedByteIsRefusedOrBounded) {
  Dice dice(kSeed + 2);
  for (const Bytes& frame : valid_frames(dice, 24)) {
    for (int i = 0; i < 1500; ++i) {
      Bytes damaged = frame;
      for (std::uint32_t flips = 1 + dice.below(4); flips > 0; --flips) {
        // Heads matter most: half of the flips go to the first 128 bytes.
        const auto size = static_cast<std::uint32_t>(damaged.size());
        const std::uint32_t at = dice.below(dice.coin() ? std::min(size, 128u) : size);
        damaged[at] = static_cast<std::uint8_t>(dice.coin() ? dice.below(256)
                                                            : damaged[at] ^ (1u << dice.below(8)));
      }
      try_both(damaged);
    }
  }
}

TEST(Hostile, NoiseIsRefused) {
  Dice dice(kSeed + 3);
  for (int i = 0; i < 3000; ++i) {
    const auto noise = random_bytes(dice, dice.below(300));
    Bytes frame(noise.begin(), noise.end());
    if (frame.size() >= 8 && dice.coin()) {
      const std::string identifier = "PSPH";
      std::copy(identifier.begin(), identifier.end(), frame.begin() + 4);
    }
    try_both(frame);
  }
}

TEST(Hostile, SizeIsTheFirstQuestion) {
  const Bytes huge(coordinator_max_frame(kParameters) + 1);
  const auto read = read_client_frame(huge, kParameters);
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().text.find("bytes and at most"), std::string::npos) << read.error().text;
  const Bytes larger(client_max_frame(kParameters) + 1);
  EXPECT_NE(read_coordinator_frame(larger, kParameters).error().text.find("bytes and at most"),
            std::string::npos);
}

TEST(HostileDeathTest, UnalignedFramesAreOurMistake) {
  const Bytes frame(64);
  EXPECT_DEATH((void)read_client_frame(std::span(frame).subspan(4), kParameters), "aligned");
}

}  // namespace
}  // namespace psephos::wire::hostile_test
