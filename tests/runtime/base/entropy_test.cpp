#include "runtime/base/entropy.h"

#include <gtest/gtest.h>

#include <set>

namespace psephos {
namespace {

TEST(Entropy, NeverRepeatsNeverIsZeroAndUsesEveryBit) {
  std::set<std::uint64_t> seen;
  std::uint64_t ones = 0;
  std::uint64_t zeros = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = random_identifier();
    EXPECT_NE(value, 0u);
    seen.insert(value);
    ones |= value;
    zeros |= ~value;
  }
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(ones, ~std::uint64_t{0});
  EXPECT_EQ(zeros, ~std::uint64_t{0});
}

}  // namespace
}  // namespace psephos
