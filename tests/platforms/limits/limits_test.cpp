#include "platforms/limits/limits.h"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

namespace psephos::limits {
namespace {

// Around every register width and unrolled stride.
constexpr std::size_t kSizes[] = {0, 1, 7, 8, 16, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000};

TEST(Limits, ReadTouchesEveryWordOnce) {
  for (const Limits* limits : runnable_limits()) {
    for (const std::size_t size : kSizes) {
      std::vector<std::uint32_t> words(size);
      std::uint32_t expected = 0;
      for (std::size_t i = 0; i < size; ++i) {
        words[i] = std::rotl(std::uint32_t{0x9E3779B9} * static_cast<std::uint32_t>(i + 1), 7);
        expected ^= words[i];
      }
      EXPECT_EQ(limits->read(words.data(), size), expected) << limits->name << ", " << size;
    }
  }
}

TEST(Limits, ScaleAndUpdateReachEveryFloat) {
  for (const Limits* limits : runnable_limits()) {
    for (const std::size_t size : kSizes) {
      std::vector<float> x(size);
      std::vector<float> y(size);
      std::vector<float> expected(size);
      for (std::size_t i = 0; i < size; ++i) {
        x[i] = static_cast<float>(i);
        y[i] = static_cast<float>(2 * i + 1);
        expected[i] = x[i] * 0.5f + y[i];
      }
      limits->scale(x.data(), size, 0.5f);
      limits->update(x.data(), y.data(), size);
      EXPECT_EQ(x, expected) << limits->name << ", " << size;
    }
  }
}

}  // namespace
}  // namespace psephos::limits
