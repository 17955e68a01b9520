#include "runtime/base/philox.h"

#include <gtest/gtest.h>

#include <set>

#include "platforms/kernels/philox.h"

namespace psephos {
namespace {

TEST(Philox, PutsKeyAndCounterWhereTheProtocolSays) {
  EXPECT_EQ(philox({0xa4093822, 0x299f31d0}, 0x13198a2e, static_cast<Purpose>(0x03707344),
                   0x85a308d3243f6a88),
            (std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, WordsAreTheFourOfTheirBlockInOrder) {
  for (std::uint64_t index : {std::uint64_t{0}, std::uint64_t{5}, std::uint64_t{1} << 33}) {
    const auto block = philox({1, 2}, 3, Purpose::kCoin, index);
    for (std::uint64_t k = 0; k < 4; ++k) {
      EXPECT_EQ(philox_word({1, 2}, 3, Purpose::kCoin, 4 * index + k), block[k]);
    }
  }
}

TEST(Philox, EveryPartOfTheAddressMatters) {
  std::set<std::array<std::uint32_t, 4>> blocks;
  blocks.insert(philox({1, 1}, 1, Purpose::kBatch, 1));
  blocks.insert(philox({2, 1}, 1, Purpose::kBatch, 1));
  blocks.insert(philox({1, 2}, 1, Purpose::kBatch, 1));
  blocks.insert(philox({1, 1}, 2, Purpose::kBatch, 1));
  blocks.insert(philox({1, 1}, 1, Purpose::kCoin, 1));
  blocks.insert(philox({1, 1}, 1, Purpose::kBatch, 2));
  blocks.insert(philox({1, 1}, 1, Purpose::kBatch, 1 + (std::uint64_t{1} << 32)));
  EXPECT_EQ(blocks.size(), 7U);
}

TEST(Philox, ScalesWordsWithoutLeavingTheRange) {
  EXPECT_EQ(below(0, 10), 0U);
  EXPECT_EQ(below(0xFFFFFFFF, 10), 9U);
  EXPECT_EQ(below(0xFFFFFFFF, 1), 0U);
  EXPECT_EQ(unit_interval(0), 0.0);
  EXPECT_LT(unit_interval(0xFFFFFFFF), 1.0);
  EXPECT_EQ(unit_interval(0x80000000), 0.5);
}

}  // namespace
}  // namespace psephos
