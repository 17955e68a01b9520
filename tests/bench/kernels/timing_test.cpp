#include "bench/kernels/timing.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace psephos::bench {
namespace {

TEST(Timing, TheMedianIsTheMiddleValueOrBetweenTheMiddleTwo) {
  EXPECT_EQ(median_of({3}), 3);
  EXPECT_EQ(median_of({5, 1, 9}), 5);
  EXPECT_EQ(median_of({4, 1, 100, 2}), 3);
}

TEST(Timing, ContestantsTakeTurnsAndNoMedianIsBelowTheLeast) {
  std::vector<int> order;
  const std::vector<std::function<void()>> contestants{[&] { order.push_back(0); },
                                                       [&] { order.push_back(1); }};
  const std::vector<Times> times = time_in_turn(contestants, 5);
  ASSERT_EQ(times.size(), 2U);
  for (const Times& of : times) {
    EXPECT_GT(of.least, 0);
    EXPECT_GE(of.median, of.least);
  }
  int changes = 0;
  for (std::size_t i = 1; i < order.size(); ++i) changes += order[i] != order[i - 1] ? 1 : 0;
  EXPECT_EQ(changes, 1 + 2 * 5);  // called once each before, then five turns of each
}

}  // namespace
}  // namespace psephos::bench
