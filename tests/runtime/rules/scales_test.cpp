#include "runtime/rules/scales.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace psephos {
namespace {

using Reports = std::vector<std::vector<float>>;

std::vector<float> next(std::vector<float> current, const Reports& reports, double multiple = 8) {
  return next_scales(current, reports, multiple);
}

TEST(Scales, AreAMultipleOfTheLowerMedianOfTheReports) {
  EXPECT_EQ(next({0}, {{1}}), (std::vector<float>{8}));
  EXPECT_EQ(next({0}, {{1}, {3}}), (std::vector<float>{8}));
  EXPECT_EQ(next({0}, {{5}, {1}, {3}}), (std::vector<float>{24}));
  EXPECT_EQ(next({0, 0}, {{1, 10}, {2, 20}, {3, 5}}, 2), (std::vector<float>{4, 20}));
}

TEST(Scales, MoveByAFactorOfTwoInARoundOnceTheyAreKnown) {
  EXPECT_EQ(next({8}, {{1.5F}}), (std::vector<float>{12}));
  EXPECT_EQ(next({8}, {{100}}), (std::vector<float>{16}));
  EXPECT_EQ(next({8}, {{0.01F}}), (std::vector<float>{4}));
}

TEST(Scales, AMedianOfNothingLeavesThem) {
  EXPECT_EQ(next({8}, {{0}}), (std::vector<float>{8}));
  EXPECT_EQ(next({0}, {{0}}), (std::vector<float>{0}));
  EXPECT_EQ(next({8}, {}), (std::vector<float>{8}));
  EXPECT_EQ(next({8}, {{0}, {0}, {5}}), (std::vector<float>{8}));
}

TEST(Scales, AMinorityOfLiarsMovesThemNowhereNew) {
  const float huge = std::numeric_limits<float>::max();
  EXPECT_EQ(next({8}, {{1}, {1}, {1}, {huge}, {huge}}), (std::vector<float>{8}));
  EXPECT_EQ(next({8}, {{1}, {1}, {1}, {0}, {0}}), (std::vector<float>{8}));
}

TEST(Scales, StayFinite) {
  const float huge = std::numeric_limits<float>::max();
  EXPECT_EQ(next({0}, {{huge}}, 10'000), (std::vector<float>{huge}));
  EXPECT_EQ(next({huge}, {{huge}}, 10'000), (std::vector<float>{huge}));
}

}  // namespace
}  // namespace psephos
