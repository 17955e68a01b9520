#include "runtime/signs/layout.h"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

namespace psephos {
namespace {

TEST(Layout, GivesEveryParameterOneValidBitAndEveryValidBitOneParameter) {
  for (std::size_t d = 0; d <= 2100; ++d) {
    std::vector<std::uint32_t> taken(word_count(d), 0);
    for (std::size_t i = 0; i < d; ++i) {
      const BitPosition p = bit_position(i, d);
      ASSERT_LT(p.word, taken.size());
      ASSERT_LT(p.bit, 32U);
      const std::uint32_t bit = std::uint32_t{1} << p.bit;
      ASSERT_EQ(taken[p.word] & bit, 0U) << "parameter " << i << " of " << d;
      taken[p.word] |= bit;
    }
    for (std::size_t w = 0; w < taken.size(); ++w) {
      ASSERT_EQ(taken[w], valid_bits(w, d)) << "word " << w << " of d=" << d;
    }
  }
}

TEST(Layout, PutsParametersOfAFullBlockInLanesOf32) {
  const BitPosition p = bit_position(1024 * 3 + 32 * 7 + 5, 1024 * 4);
  EXPECT_EQ(p.word, 32U * 3 + 5);
  EXPECT_EQ(p.bit, 7U);
}

TEST(Layout, PutsParametersOfTheShortBlockInAsFewLanesAsTheyNeed) {
  const BitPosition p = bit_position(1024 + 32, 1024 + 33);  // two lanes: row 16, lane 0
  EXPECT_EQ(p.word, 32U);
  EXPECT_EQ(p.bit, 16U);
  EXPECT_EQ(valid_bits(32, 1024 + 33), 0x1FFFFU);
  EXPECT_EQ(valid_bits(33, 1024 + 33), 0x0FFFFU);
}

TEST(Layout, ReachesTheLargestModel) {
  const BitPosition p = bit_position(kMaxParameters - 1, kMaxParameters);
  EXPECT_EQ(p.word, word_count(kMaxParameters) - 1);
  EXPECT_EQ(p.bit, 31U);
}

}  // namespace
}  // namespace psephos
