#include "tests/platforms/kernels/naive.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace psephos::kernels::testing {

std::vector<float> awkward_floats(std::size_t d, std::uint64_t seed) {
  Words random(seed);
  std::vector<float> v(d);
  for (float& x : v) {
    const std::uint32_t sign = random.next() & 0x80000000;
    const std::uint32_t mantissa = random.next() & 0x007FFFFF;
    std::uint32_t magnitude = 0;
    switch (random.below(8)) {
      case 0:  // zeros of both signs
        break;
      case 1:  // the smallest denormal
        magnitude = 1;
        break;
      case 2:  // denormals
        magnitude = mantissa;
        break;
      case 3:  // any finite magnitude
        magnitude = random.below(255) << 23 | mantissa;
        break;
      default:  // within [2^-10, 2^6)
        magnitude = (117 + random.below(16)) << 23 | mantissa;
    }
    x = std::bit_cast<float>(sign | magnitude);
  }
  return v;
}

std::vector<std::uint32_t> bits_of(const std::vector<float>& v) {
  std::vector<std::uint32_t> bits;
  for (const float x : v) bits.push_back(std::bit_cast<std::uint32_t>(x));
  return bits;
}

std::vector<std::uint32_t> random_plane(std::size_t words, Words& random) {
  std::vector<std::uint32_t> plane(words);
  for (std::uint32_t& word : plane) word = random.next();
  return plane;
}

std::vector<std::size_t> sizes() {
  std::vector<std::size_t> all;
  for (std::size_t d = 0; d <= 2100; ++d) all.push_back(d);
  all.push_back(65536);
  all.push_back(101770);
  return all;
}

TEST(AwkwardFloats, HoldZerosOfBothSignsDenormalsAndOnlyFiniteNumbers) {
  int positive_zeros = 0;
  int negative_zeros = 0;
  int denormals = 0;
  for (const float x : awkward_floats(2000, 1)) {
    ASSERT_TRUE(std::isfinite(x));
    if (x == 0 && !std::signbit(x)) ++positive_zeros;
    if (x == 0 && std::signbit(x)) ++negative_zeros;
    if (x != 0 && std::fabs(x) < std::numeric_limits<float>::min()) ++denormals;
  }
  EXPECT_GT(positive_zeros, 50);
  EXPECT_GT(negative_zeros, 50);
  EXPECT_GT(denormals, 200);
}

}  // namespace psephos::kernels::testing
