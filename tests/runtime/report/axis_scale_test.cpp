#include "runtime/report/axis_scale.h"

#include <gtest/gtest.h>

#include <cmath>

namespace psephos {
namespace {

Scale scale_of(const Axis& axis, double least, double most) {
  return make_scale(axis, Extent{least, most});
}

std::vector<std::string> labels_of(const Scale& scale) {
  std::vector<std::string> labels;
  for (const Tick& tick : ticks_of(scale)) labels.push_back(tick.label);
  return labels;
}

TEST(AxisScale, GoesFromRoundNumberToRoundNumber) {
  EXPECT_EQ(labels_of(scale_of({}, 0.42, 0.87)),
            (std::vector<std::string>{"0.4", "0.5", "0.6", "0.7", "0.8", "0.9"}));
  EXPECT_EQ(labels_of(scale_of(rounds_axis(), 1, 600)),
            (std::vector<std::string>{"0", "100", "200", "300", "400", "500", "600"}));
  EXPECT_EQ(labels_of(scale_of(rounds_axis(), 1, 100'000)).back(), "100,000");
  EXPECT_EQ(labels_of(scale_of({}, -2, 2)).front(), "-2");
}

TEST(AxisScale, CountsHaveNoTicksBetweenThem) {
  EXPECT_EQ(labels_of(scale_of(rounds_axis(), 1, 1)), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(labels_of(scale_of(rounds_axis(), 1, 2)), (std::vector<std::string>{"0", "1", "2"}));
}

TEST(AxisScale, WhatIsFlatLiesInTheMiddleOfARange) {
  const Scale scale = scale_of({}, 0.5, 0.5);
  EXPECT_LT(scale.least, 0.48);
  EXPECT_GT(scale.most, 0.52);
  EXPECT_GE(ticks_of(scale).size(), 3U);
  const Scale zero = scale_of({}, 0, 0);
  EXPECT_LT(zero.least, zero.most);
}

TEST(AxisScale, AShareGoesNoFurtherThanAllOfIt) {
  for (const double least : {0.3, 0.97, 1.0}) {
    const Scale scale = scale_of(accuracy_axis(), least, 1);
    EXPECT_LE(scale.least, least);
    EXPECT_EQ(scale.most, 1) << least;
    EXPECT_EQ(std::stod(labels_of(scale).back()), 1) << least;
  }
}

TEST(AxisScale, ALossOverManyDecadesIsLogarithmic) {
  EXPECT_FALSE(scale_of(loss_axis(), 0.01, 2.3).logarithmic);
  const Scale wide = scale_of(loss_axis(), 1e-5, 2.3);
  EXPECT_TRUE(wide.logarithmic);
  EXPECT_EQ(labels_of(wide),
            (std::vector<std::string>{"1e-5", "0.0001", "0.001", "0.01", "0.1", "1", "10"}));
  EXPECT_FALSE(scale_of(loss_axis(), 0, 1e9).logarithmic);  // zero has no logarithm
  EXPECT_FALSE(scale_of({}, 1e-5, 2.3).logarithmic);        // nobody asked for it
}

TEST(AxisScale, WithoutPointsIsStillAnAxis) {
  const Scale scale = make_scale(rounds_axis(), Extent{});
  EXPECT_EQ(scale.least, 0);
  EXPECT_EQ(scale.most, 1);
}

TEST(AxisScale, LeavesRoomAboveTheHighestPoint) {
  const Scale scale = scale_of({}, 0, 10);
  EXPECT_GT(with_headroom(scale, 10), 10);
  EXPECT_EQ(with_headroom(scale, 9), scale.most);
}

// Tables of strangers may hold any number that a curve can.
TEST(AxisScale, IsFiniteAndHasFewTicksForAnyValues) {
  for (const bool whole : {false, true}) {
    for (const bool wide : {false, true}) {
      Axis axis;
      axis.whole = whole;
      axis.from_zero = whole;
      axis.logarithmic_if_wide = wide;
      for (const double least : {-kLargestPlotted, -1.0, 0.0, 5e-324, 1e-310, 1e-300, 1e-9, 1.0}) {
        for (const double most : {1e-300, 1e-9, 1.0, 1e9, 1e100, kLargestPlotted}) {
          if (least > most) continue;
          const Scale scale = scale_of(axis, least, most);
          EXPECT_TRUE(std::isfinite(scale.least) && std::isfinite(scale.most));
          EXPECT_LT(scale.least, scale.most) << least << " to " << most;
          const std::vector<Tick> ticks = ticks_of(scale);
          EXPECT_GE(ticks.size(), 2U) << least << " to " << most;
          EXPECT_LE(ticks.size(), 12U) << least << " to " << most;
        }
      }
    }
  }
}

}  // namespace
}  // namespace psephos
