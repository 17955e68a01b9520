#include "runtime/signs/packed_signs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/runtime/signs/signs_of.h"

namespace psephos {
namespace {

using testing::expand;
using testing::signs_of;

Bytes plane_bytes(const AlignedVector<std::uint32_t>& plane) {
  Bytes bytes;
  for (const std::uint32_t word : plane) {
    for (int shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<std::uint8_t>(word >> shift));
    }
  }
  return bytes;
}

TEST(PackedSigns, HaveTheGoldenPlanes) {
  const auto lines = testing::vector_lines("packed_signs.txt");
  ASSERT_GE(lines.size(), 10U);
  for (const auto& line : lines) {
    ASSERT_EQ(line.size(), 3U);
    PackedSigns signs = signs_of(expand(line[0]));
    if (signs.all_voted()) {
      for (std::size_t w = 0; w < signs.signs.size(); ++w) {
        signs.voted.push_back(valid_bits(w, signs.parameters));
      }
    }
    EXPECT_EQ(plane_bytes(signs.signs), testing::bytes_of(line[1])) << line[0];
    EXPECT_EQ(plane_bytes(signs.voted), testing::bytes_of(line[2])) << line[0];
  }
}

TEST(PackedSigns, TellEachParameterAndHowManyAreVotedOn) {
  for (const std::size_t d : {0, 1, 31, 33, 1023, 1024, 1025, 3000}) {
    for (const std::uint32_t abstain : {0U, 30U, 100U}) {
      const std::string text = testing::random_text(d, abstain, 1);
      const PackedSigns signs = signs_of(text);
      for (std::size_t i = 0; i < d; ++i) {
        ASSERT_EQ(signs.at(i), text[i] == '0' ? 0 : text[i] == '-' ? -1 : 1);
      }
      const auto abstained = static_cast<std::uint64_t>(std::ranges::count(text, '0'));
      EXPECT_EQ(signs.voted_count(), d - abstained);
    }
  }
}

TEST(PackedSigns, DropOnlyAVotedPlaneOfAllOnes) {
  PackedSigns everything{
      40, AlignedVector<std::uint32_t>(2, 0), {valid_bits(0, 40), valid_bits(1, 40)}};
  make_canonical(everything);
  EXPECT_TRUE(everything.all_voted());

  PackedSigns but_one{
      40, AlignedVector<std::uint32_t>(2, 0), {valid_bits(0, 40), valid_bits(1, 40) >> 1}};
  make_canonical(but_one);
  EXPECT_FALSE(but_one.all_voted());
}

TEST(PackedSignsDeathTest, RefuseAParameterThatIsNotThere) {
  EXPECT_DEATH(signs_of("+-").at(2), "past the last parameter");
}

}  // namespace
}  // namespace psephos
