#include "runtime/signs/ballot_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "tests/runtime/signs/signs_of.h"

namespace psephos {
namespace {

using testing::bytes_of;
using testing::expand;
using testing::random_text;
using testing::signs_of;

constexpr std::size_t kShapes[] = {0,    1,    2,    7,    31,   32,   33,   63,   64,   65,   500,
                                   1023, 1024, 1025, 1056, 1057, 2047, 2048, 2049, 7850, 20000};
constexpr std::uint32_t kAbstain[] = {0, 1, 10, 30, 37, 50, 90, 100};  // per cent: every form

PackedSigns owned(const SignsView& view) {
  return {view.parameters,
          {view.signs.begin(), view.signs.end()},
          {view.voted.begin(), view.voted.end()}};
}

// If bytes are accepted, they are the bytes that the value they mean is encoded to: so no two byte
// strings mean the same, and both functions agree on what is accepted and what it means.
void expect_canonical(Encoding encoding, std::span<const std::uint8_t> bytes, std::size_t d) {
  const auto held = decode_held(encoding, bytes, d, nullptr);
  const auto decoded = decode(encoding, bytes, d);
  ASSERT_EQ(held.ok(), decoded.ok());
  if (!decoded.ok()) {
    ASSERT_EQ(held.error().text, decoded.error().text);
    return;
  }
  ASSERT_EQ(held->voted, decoded->voted_count());
  ASSERT_EQ(owned(held->view), *decoded);
  const EncodedSigns again = encode(*decoded);
  ASSERT_EQ(again.encoding, encoding);
  ASSERT_TRUE(std::ranges::equal(again.planes, bytes));
}

TEST(BallotCodec, HasTheGoldenBytes) {
  const auto lines = testing::vector_lines("encodings.txt");
  ASSERT_GE(lines.size(), 10U);
  for (const auto& line : lines) {
    ASSERT_EQ(line.size(), 3U);
    const PackedSigns signs = signs_of(expand(line[0]));
    const EncodedSigns encoded = encode(signs);
    EXPECT_EQ(encoded.encoding, line[1] == "binary" ? Encoding::kBinary : Encoding::kTernary);
    EXPECT_EQ(encoded.planes, bytes_of(line[2])) << line[0];
    EXPECT_EQ(*decode(encoded.encoding, bytes_of(line[2]), signs.parameters), signs) << line[0];
  }
}

TEST(BallotCodec, RoundTripsEveryShape) {
  for (const std::size_t d : kShapes) {
    for (const std::uint32_t abstain : kAbstain) {
      const PackedSigns signs = signs_of(random_text(d, abstain, static_cast<std::uint32_t>(d)));
      const EncodedSigns encoded = encode(signs);
      ASSERT_EQ(encoded.encoding, signs.all_voted() ? Encoding::kBinary : Encoding::kTernary);
      const auto decoded = decode(encoded.encoding, encoded.planes, d);
      ASSERT_TRUE(decoded.ok()) << decoded.error().text;
      ASSERT_EQ(*decoded, signs) << "d=" << d << " abstain " << abstain;
      ASSERT_NO_FATAL_FAILURE(expect_canonical(encoded.encoding, encoded.planes, d));
    }
  }
}

TEST(BallotCodec, ReadsPlanesAtAnyAddress) {
  for (const std::uint32_t abstain : {0U, 30U}) {
    const PackedSigns signs = signs_of(random_text(3000, abstain, 5));
    const EncodedSigns encoded = encode(signs);
    for (std::size_t shift = 0; shift < 8; ++shift) {
      std::vector<std::uint8_t> frame(shift + encoded.planes.size());
      std::ranges::copy(encoded.planes, frame.begin() + static_cast<std::ptrdiff_t>(shift));
      const auto planes = std::span<const std::uint8_t>(frame).subspan(shift);
      EXPECT_EQ(*decode(encoded.encoding, planes, 3000), signs);
    }
  }
}

TEST(BallotCodec, RefusesEveryTruncationAndExtension) {
  for (const std::size_t d : {1, 33, 40, 1057}) {
    for (const std::uint32_t abstain : kAbstain) {
      const EncodedSigns encoded = encode(signs_of(random_text(d, abstain, 3)));
      for (std::size_t size = 0; size < encoded.planes.size(); ++size) {
        const Bytes cut(encoded.planes.begin(),
                        encoded.planes.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(decode(encoded.encoding, cut, d)) << "d=" << d << " size " << size;
        EXPECT_FALSE(decode_held(encoded.encoding, cut, d, nullptr));
      }
      for (const std::uint8_t extra : bytes_of("0001ff")) {
        Bytes longer = encoded.planes;
        for (int n = 0; n < 9; ++n) {
          longer.push_back(extra);
          EXPECT_FALSE(decode(encoded.encoding, longer, d));
          EXPECT_FALSE(decode_held(encoded.encoding, longer, d, nullptr));
        }
      }
    }
  }
}

TEST(BallotCodec, RefusesEveryBitThatBelongsToNoParameter) {
  for (const std::size_t d : {1, 31, 33, 1057}) {
    for (const std::uint32_t abstain : {0U, 50U}) {
      std::string text = random_text(d, abstain, 4);
      if (abstain > 0) text[0] = '0';
      const EncodedSigns encoded = encode(signs_of(text));
      const bool binary = encoded.encoding == Encoding::kBinary;
      const std::size_t plane = binary ? 0 : 4;
      for (std::size_t w = 0; w < word_count(d); ++w) {
        for (unsigned bit = 0; bit < 32; ++bit) {
          if (((valid_bits(w, d) >> bit) & 1) != 0) continue;
          Bytes bad = encoded.planes;
          bad[plane + 4 * w + bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
          EXPECT_FALSE(decode(encoded.encoding, bad, d)) << "word " << w << " bit " << bit;
        }
      }
    }
  }
}

TEST(BallotCodec, RefusesSpareBitsAfterTheLastSign) {
  const std::string text = "+-0+-+-+-+-";  // ten signs: six spare bits in the second byte
  const EncodedSigns encoded = encode(signs_of(text));
  for (unsigned bit = 0; bit < 8; ++bit) {
    Bytes flipped = encoded.planes;
    flipped.back() ^= static_cast<std::uint8_t>(1U << bit);
    EXPECT_EQ(decode(Encoding::kTernary, flipped, text.size()).ok(), bit < 2) << bit;
  }
}

TEST(BallotCodec, AcceptsOnlyTheOneEncodingOfAValueAfterAnyBitFlip) {
  for (const std::size_t d : {5, 33, 70, 1057}) {
    for (const std::uint32_t abstain : kAbstain) {
      const EncodedSigns encoded = encode(signs_of(random_text(d, abstain, 8)));
      Bytes bytes = encoded.planes;
      for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        const auto flip = static_cast<std::uint8_t>(1U << (bit % 8));
        bytes[bit / 8] ^= flip;
        ASSERT_NO_FATAL_FAILURE(expect_canonical(encoded.encoding, bytes, d));
        bytes[bit / 8] ^= flip;
      }
    }
  }
}

TEST(BallotCodec, GivesSmallModelsExactlyOneByteStringPerValue) {
  std::size_t values = 1;  // 3^d
  for (std::size_t d = 0; d <= 6; ++d, values *= 3) {
    std::size_t accepted = 0;
    const auto attempt = [&](Encoding encoding, std::initializer_list<int> bytes) {
      Bytes planes;
      for (const int byte : bytes) planes.push_back(static_cast<std::uint8_t>(byte));
      ASSERT_NO_FATAL_FAILURE(expect_canonical(encoding, planes, d));
      if (decode(encoding, planes, d)) ++accepted;
    };
    attempt(Encoding::kBinary, {});
    attempt(Encoding::kTernary, {0, 0, 0, 0});
    for (int plane = 0; plane < 256; ++plane) {
      attempt(Encoding::kBinary, {plane, 0, 0, 0});
      attempt(Encoding::kTernary, {0, 0, 0, 0, plane, 0, 0, 0});
      for (int signs = 0; signs < 256; ++signs) {
        attempt(Encoding::kTernary, {0, 0, 0, 0, plane, 0, 0, 0, signs});
      }
    }
    EXPECT_EQ(accepted, values) << "d=" << d;
  }
}

TEST(BallotCodec, RefusesWhatIsNoEncodingOfABallot) {
  const Bytes planes = encode(signs_of("+-0+-")).planes;
  for (const int encoding : {3, 4, 200}) {
    ASSERT_FALSE(decode(static_cast<Encoding>(encoding), planes, 5));
    ASSERT_NO_FATAL_FAILURE(expect_canonical(static_cast<Encoding>(encoding), planes, 5));
  }
  const auto change = decode(Encoding::kChange, planes, 5);
  EXPECT_NE(change.error().text.find("is for decisions"), std::string::npos);
}

TEST(BallotCodec, WantsAFullVoteAsBinary) {
  const Bytes full = bytes_of(
      "00000000"
      "1f000000"
      "0a");
  const auto refused = decode(Encoding::kTernary, full, 5);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("must be sent as binary"), std::string::npos);

  PackedSigns not_yet_canonical = signs_of("+-+-+");
  not_yet_canonical.voted = {0x1F};
  EXPECT_EQ(encode(not_yet_canonical).encoding, Encoding::kBinary);
}

TEST(BallotCodec, FindsNoSignsInNone) {
  EXPECT_FALSE(decode(Encoding::kNone, {}, 5));
  EXPECT_FALSE(decode(Encoding::kNone, bytes_of("00"), 5));
  EXPECT_FALSE(decode_held(Encoding::kNone, {}, 5, nullptr));
}

TEST(BallotCodec, HoldsBinaryPlanesWhereTheyLieAndKeepsTheirOwner) {
  for (const std::size_t d : kShapes) {
    const PackedSigns signs = signs_of(random_text(d, 0, 5));
    const auto frame = std::make_shared<const Bytes>(encode(signs).planes);
    const auto held = decode_held(Encoding::kBinary, *frame, d, frame);
    ASSERT_TRUE(held);
    EXPECT_EQ(static_cast<const void*>(held->view.signs.data()), frame->data());
    EXPECT_EQ(held->keeper, frame);
    EXPECT_EQ(owned(held->view), signs);
  }
}

TEST(BallotCodec, HoldsItsOwnCopyOfPlanesThatHaveToBeDecodedOrMoved) {
  const PackedSigns ternary = signs_of("+-0-+");
  const PackedSigns binary = signs_of("+-+-+");
  for (const PackedSigns& signs : {ternary, binary}) {
    const EncodedSigns encoded = encode(signs);
    auto frame = std::make_shared<Bytes>(1);
    frame->insert(frame->end(), encoded.planes.begin(), encoded.planes.end());
    const auto held = decode_held(encoded.encoding, std::span(*frame).subspan(1), 5, frame);
    ASSERT_TRUE(held);
    EXPECT_EQ(frame.use_count(), 1);
    std::ranges::fill(*frame, std::uint8_t{0xFF});
    EXPECT_EQ(owned(held->view), signs);
  }
}

TEST(BallotCodecDeathTest, EncodesNoBitsPastTheLastParameter) {
  PackedSigns signs = signs_of("+-+-+");
  signs.signs[0] |= 0x20;
  EXPECT_DEATH(encode(signs), "past the last parameter");
}

}  // namespace
}  // namespace psephos
