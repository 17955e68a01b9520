#include "runtime/signs/decision_codec.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/signs/rice_string.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos::decision_codec_test {
namespace {

using testing::bytes_of;
using testing::expand;
using testing::random_text;
using testing::signs_of;

// `before` with `turned` of a thousand signs turned, `flipped` of a thousand votes made or dropped.
std::string changed_text(const std::string& before, std::uint32_t turned, std::uint32_t flipped,
                         std::uint32_t seed) {
  std::string text = before;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto words = philox({seed, 2}, 0, Purpose::kFault, i);
    if (text[i] != '0' && below(words[0], 1000) < turned) text[i] = text[i] == '+' ? '-' : '+';
    if (below(words[1], 1000) < flipped) {
      text[i] = text[i] != '0' ? '0' : (words[2] & 1) != 0 ? '-' : '+';
    }
  }
  return text;
}

constexpr std::size_t kShapes[] = {0, 1, 5, 31, 32, 33, 70, 1023, 1024, 1057, 2100, 20'000};

TEST(DecisionCodec, EveryChangeComesBack) {
  for (const std::size_t d : kShapes) {
    for (const std::uint32_t abstain : {0U, 15U, 60U, 100U}) {
      const std::string before_text = random_text(d, abstain, static_cast<std::uint32_t>(d));
      const PackedSigns before = signs_of(before_text);
      for (const std::uint32_t turned : {0U, 70U, 500U, 1000U}) {
        for (const std::uint32_t flipped : {0U, 1U, 100U, 1000U}) {
          const PackedSigns now = signs_of(changed_text(before_text, turned, flipped, 3));
          const Bytes planes = encode_change(now, before);
          const auto decoded = decode_decision(Encoding::kChange, planes, d, &before);
          ASSERT_TRUE(decoded.ok()) << decoded.error().text;
          ASSERT_EQ(*decoded, now) << "d=" << d << " abstain " << abstain;
        }
      }
      const PackedSigns other = signs_of(random_text(d, 100 - abstain, 77));
      ASSERT_EQ(*decode_decision(Encoding::kChange, encode_change(other, before), d, &before),
                other);
    }
  }
}

TEST(DecisionCodec, SendsTheSmallestEncoding) {
  const std::string before_text = random_text(20'000, 15, 1);
  const PackedSigns before = signs_of(before_text);
  for (const std::uint32_t turned : {0U, 70U, 200U, 350U, 500U}) {
    for (const std::uint32_t flipped : {0U, 1U, 30U, 300U, 900U}) {
      const PackedSigns now = signs_of(changed_text(before_text, turned, flipped, 2));
      const EncodedSigns encoded = encode_decision(now, &before);
      const EncodedSigns plain = encode(now);
      const Bytes change = encode_change(now, before);
      EXPECT_EQ(encoded.planes.size(), std::min(plain.planes.size(), change.size()));
      EXPECT_EQ(encoded.encoding == Encoding::kChange, change.size() < plain.planes.size());
      EXPECT_EQ(*decode_decision(encoded.encoding, encoded.planes, 20'000, &before), now);
    }
  }
}

TEST(DecisionCodec, CostsLittleWhereLittleTurns) {
  const std::string before_text = random_text(100'000, 15, 1);
  const PackedSigns before = signs_of(before_text);
  const PackedSigns now = signs_of(changed_text(before_text, 70, 1, 2));
  const EncodedSigns encoded = encode_decision(now, &before);
  EXPECT_EQ(encoded.encoding, Encoding::kChange);
  EXPECT_LE(8 * encoded.planes.size(), 40'000U);  // 0.40 bits a parameter

  const PackedSigns all_before = signs_of(random_text(100'000, 0, 1));
  const PackedSigns all_now = signs_of(changed_text(random_text(100'000, 0, 1), 70, 0, 2));
  EXPECT_LE(8 * encode_decision(all_now, &all_before).planes.size(), 40'000U);
}

TEST(DecisionCodec, TheFirstDecisionIsNoChange) {
  const PackedSigns signs = signs_of(random_text(2000, 15, 1));
  const EncodedSigns first = encode_decision(signs, nullptr);
  EXPECT_EQ(first.encoding, Encoding::kTernary);
  EXPECT_EQ(first.planes, encode(signs).planes);
  EXPECT_EQ(*decode_decision(first.encoding, first.planes, 2000, nullptr), signs);
  const auto refused =
      decode_decision(Encoding::kChange, encode_change(signs, signs), 2000, nullptr);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().text.find("there is none"), std::string::npos);
}

TEST(DecisionCodec, HasTheGoldenBytes) {
  std::size_t changes = 0;
  for (const auto& line : testing::vector_lines("changes.txt")) {
    ASSERT_EQ(line.size(), 3U);
    const PackedSigns before = signs_of(expand(line[0]));
    const PackedSigns now = signs_of(expand(line[1]));
    EXPECT_EQ(encode_change(now, before), bytes_of(line[2])) << line[1];
    EXPECT_EQ(*decode_decision(Encoding::kChange, bytes_of(line[2]), now.parameters, &before), now);
    ++changes;
  }
  EXPECT_GE(changes, 5U);
}

// If a change is accepted, it is the one that the decision it means has.
TEST(DecisionCodec, AcceptsOnlyTheOneChangeAfterAnyBitFlipTruncationOrExtension) {
  for (const std::size_t d : {5, 70, 1057}) {
    for (const std::uint32_t abstain : {0U, 15U, 60U}) {
      const std::string before_text = random_text(d, abstain, 5);
      const PackedSigns before = signs_of(before_text);
      Bytes bytes = encode_change(signs_of(changed_text(before_text, 100, 30, 6)), before);
      const auto expect_canonical = [&] {
        const auto decoded = decode_decision(Encoding::kChange, bytes, d, &before);
        if (!decoded.ok()) return;
        ASSERT_EQ(encode_change(*decoded, before), bytes);
      };
      for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        const auto flip = static_cast<std::uint8_t>(1U << (bit % 8));
        bytes[bit / 8] ^= flip;
        ASSERT_NO_FATAL_FAILURE(expect_canonical());
        bytes[bit / 8] ^= flip;
      }
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(decode_decision(Encoding::kChange, cut, d, &before).ok());
      }
      bytes.push_back(0);
      EXPECT_FALSE(decode_decision(Encoding::kChange, bytes, d, &before).ok());
    }
  }
}

TEST(DecisionCodec, RefusesEachMalformedChangeByName) {
  const PackedSigns before = signs_of("+-+-+-+-+-0000000000000000000000000");  // d = 35
  const PackedSigns now = signs_of("++++--+-++-000000000000000000000000");
  const Bytes good = encode_change(now, before);
  ASSERT_TRUE(decode_decision(Encoding::kChange, good, 35, &before).ok());
  const auto refused = [&](const Bytes& planes, const char* says) {
    const auto decoded = decode_decision(Encoding::kChange, planes, 35, &before);
    ASSERT_FALSE(decoded.ok()) << says;
    EXPECT_NE(decoded.error().text.find(says), std::string::npos) << decoded.error().text;
  };
  const auto with = [&](std::size_t at, int value) {
    Bytes changed = good;
    changed[at] = static_cast<std::uint8_t>(value);
    return changed;
  };
  refused(bytes_of("0000"), "header");
  refused(with(0, good[0] ^ 1), "Rice parameter");
  refused(with(1, good[1] ^ 1), "Rice parameter");
  refused(with(2, 1), "last two bytes");
  refused(with(4, 36), "36 places set, of 35");
  Bytes longer = good;
  longer.push_back(0);
  refused(longer, "bytes of signs");
  Bytes spare = good;
  spare.back() |= 0x80;
  refused(spare, "spare bits after the last sign");
  // The second word has three parameters: place 63 is none of them.
  Bytes past = {static_cast<std::uint8_t>(rice_parameter(1, 35)), 0, 0, 0};
  Words places = {0, 0x8000'0000};
  append_rice(places, 1, 35, past);
  refused(past, "past parameter 35");
  // Ten parameters are voted on in both, so the eleventh's sign cannot turn.
  Bytes turned = {kMaxRiceParameter, static_cast<std::uint8_t>(rice_parameter(1, 10)), 0, 0};
  append_rice(Words(2), 0, 35, turned);
  append_rice(Words{1U << 10}, 1, 10, turned);
  refused(turned, "past parameter");
}

}  // namespace
}  // namespace psephos::decision_codec_test
