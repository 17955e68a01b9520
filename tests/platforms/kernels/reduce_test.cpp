#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "tests/platforms/kernels/naive.h"

namespace psephos::kernels::testing {
namespace {

// The order of kernels.h, one addition at a time.
double naive_sum(const std::vector<float>& v, const std::function<double(float)>& term) {
  double total = 0;
  for (std::size_t start = 0; start < v.size(); start += 1024) {
    double lanes[16] = {};
    for (std::size_t i = start; i < v.size() && i < start + 1024; ++i) lanes[i % 16] += term(v[i]);
    for (int half : {8, 4, 2, 1}) {
      for (int l = 0; l < half; ++l) lanes[l] += lanes[l + half];
    }
    total += lanes[0];
  }
  return total;
}

TEST(Sums, RunInTheDocumentedOrder) {
  for (const Kernels* table : runnable_tables()) {
    for (const std::size_t d : sizes()) {
      const std::vector<float> v = awkward_floats(d, d);
      ASSERT_EQ(table->sum_abs(v.data(), d),
                naive_sum(v, [](float x) { return std::fabs(double{x}); }))
          << table->name << " d=" << d;
      ASSERT_EQ(table->sum_squares(v.data(), d),
                naive_sum(v, [](float x) { return double{x} * double{x}; }))
          << table->name << " d=" << d;
    }
  }
}

TEST(Sums, AreExactOnSmallIntegers) {
  for (const Kernels* table : runnable_tables()) {
    std::vector<float> v;
    for (int i = 0; i < 3000; ++i) v.push_back(static_cast<float>(i % 2 == 0 ? i : -i));
    EXPECT_EQ(table->sum_abs(v.data(), v.size()), 2999.0 * 3000 / 2);
    EXPECT_EQ(table->sum_squares(v.data(), v.size()), 2999.0 * 3000 * 5999 / 6);
  }
}

TEST(AllFinite, FindsOneInfinityOrNanAtAnyPlace) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float kNan = std::bit_cast<float>(0x7F800001U);
  const float kFullNan = std::bit_cast<float>(0xFFFFFFFFU);
  for (const Kernels* table : runnable_tables()) {
    EXPECT_TRUE(table->all_finite(nullptr, 0));
    for (const std::size_t d : {1, 7, 32, 1023, 1024, 1025, 2100}) {
      std::vector<float> v = awkward_floats(d, d);
      v[d / 2] = -std::numeric_limits<float>::max();
      ASSERT_TRUE(table->all_finite(v.data(), d));
      for (std::size_t i = 0; i < d; ++i) {
        const float kept = v[i];
        for (const float bad : {kInfinity, -kInfinity, kNan, kFullNan}) {
          v[i] = bad;
          ASSERT_FALSE(table->all_finite(v.data(), d)) << table->name << " place " << i;
        }
        v[i] = kept;
      }
    }
  }
}

TEST(CountOnes, EqualsPopcount) {
  Words random(2);
  for (const Kernels* table : runnable_tables()) {
    for (std::size_t words = 0; words <= 300; ++words) {
      const std::vector<std::uint32_t> plane = random_plane(words, random);
      std::uint64_t expected = 0;
      for (const std::uint32_t word : plane) expected += static_cast<unsigned>(std::popcount(word));
      ASSERT_EQ(table->count_ones(plane.data(), words), expected);
    }
    const std::vector<std::uint32_t> ones((std::size_t{1} << 21) + 3, ~std::uint32_t{0});
    EXPECT_EQ(table->count_ones(ones.data(), ones.size()), 32 * std::uint64_t{ones.size()});
  }
}

}  // namespace
}  // namespace psephos::kernels::testing
