#include "runtime/report/curve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace psephos {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Curve, KeepsAFewPointsAsTheyAre) {
  Curve curve;
  EXPECT_TRUE(curve.points().empty());
  EXPECT_TRUE(curve.smoothed().empty());
  curve.add(1, 5);
  EXPECT_EQ(curve.points(), (std::vector<PlotPoint>{{1, 5}}));
  EXPECT_EQ(curve.smoothed(), (std::vector<PlotPoint>{{1, 5}}));
  curve.add(2, 3);
  curve.add(3, 4);
  EXPECT_EQ(curve.points(), (std::vector<PlotPoint>{{1, 5}, {2, 3}, {3, 4}}));
  EXPECT_EQ(curve.size(), 3U);
}

TEST(Curve, OfAnyLengthStaysSmallAndKeepsItsPeaksAndEnds) {
  for (const int length : {900, 1000, 1001, 2001, 100'000}) {
    Curve curve;
    for (int i = 1; i <= length; ++i) {
      const double y = i == length / 3 ? 100 : i == length / 2 ? -100 : std::sin(i);
      curve.add(i, y);
    }
    const std::vector<PlotPoint> points = curve.points();
    EXPECT_LE(points.size(), kMostCurvePoints);
    EXPECT_GE(points.size(), 400U);
    EXPECT_EQ(points.front().x, 1);
    EXPECT_EQ(points.back().x, length);
    EXPECT_TRUE(std::ranges::is_sorted(points, {}, &PlotPoint::x));
    EXPECT_NE(std::ranges::find(points, PlotPoint{double(length / 3), 100}), points.end());
    EXPECT_NE(std::ranges::find(points, PlotPoint{double(length / 2), -100}), points.end());
    EXPECT_EQ(curve.size(), static_cast<std::uint64_t>(length));
  }
}

TEST(Curve, LeavesOutWhatCannotBeDrawn) {
  Curve curve;
  for (const double y : {std::nan(""), kInfinity, -kInfinity, 1e308, -1e308}) curve.add(1, y);
  curve.add(std::nan(""), 1);
  curve.add(kInfinity, 1);
  EXPECT_EQ(curve.size(), 0U);
  EXPECT_TRUE(curve.points().empty());
}

TEST(Curve, SmoothsToTheMeanOfItsNeighbours) {
  Curve curve;
  for (int i = 0; i < 6000; ++i) curve.add(i, i % 2 == 0 ? 1 : 3);
  for (const PlotPoint& point : curve.smoothed()) EXPECT_NEAR(point.y, 2, 0.05);
}

TEST(Curve, SmoothedBeginsWhereTheCurveBegins) {
  Curve falling;
  for (int i = 0; i < 1000; ++i) falling.add(i, 1000 - i);
  EXPECT_NEAR(falling.smoothed().front().y, 1000, 5);
}

TEST(Curve, SortsAnEvaluationThatCameLate) {
  Curve curve;
  curve.add(200, 0.5);
  curve.add(100, 0.25);
  EXPECT_EQ(curve.points(), (std::vector<PlotPoint>{{100, 0.25}, {200, 0.5}}));
}

}  // namespace
}  // namespace psephos
