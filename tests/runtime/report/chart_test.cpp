#include "runtime/report/chart.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace psephos {
namespace {

Curve curve_of(int length, double jump) {
  Curve curve;
  for (int i = 1; i <= length; ++i) curve.add(i, i % 2 == 0 ? 5 : 5 + jump);
  return curve;
}

TEST(Chart, AnEmptyCurveIsNoSeries) {
  Chart chart;
  add_measured(chart, Curve{}, "measured", 0);
  add_noisy(chart, Curve{}, "noisy", 0);
  EXPECT_TRUE(chart.series.empty());
}

TEST(Chart, WhatWasMeasuredHasDots) {
  Chart chart;
  add_measured(chart, curve_of(3, 1), "held-out samples", 4);
  ASSERT_EQ(chart.series.size(), 1U);
  EXPECT_EQ(chart.series[0].label, "held-out samples");
  EXPECT_TRUE(chart.series[0].dots);
  EXPECT_EQ(chart.series[0].colour, 4U);
  EXPECT_EQ(chart.series[0].points.size(), 3U);
}

TEST(Chart, ALongNoisyCurveIsItsMeanWithTheNoisePaleBehindIt) {
  Chart chart;
  add_noisy(chart, curve_of(500, 2), "training batches", 1, true);
  ASSERT_EQ(chart.series.size(), 2U);
  EXPECT_TRUE(chart.series[0].pale);
  EXPECT_EQ(chart.series[0].label, "");
  EXPECT_FALSE(chart.series[1].pale);
  EXPECT_EQ(chart.series[1].label, "training batches");
  for (const Series& series : chart.series) EXPECT_TRUE(series.right);
}

TEST(Chart, AShortOrFlatCurveNeedsNoMean) {
  Chart chart;
  add_noisy(chart, curve_of(50, 2), "short", 1);
  add_noisy(chart, curve_of(5000, 0), "flat", 1);
  ASSERT_EQ(chart.series.size(), 2U);
  EXPECT_TRUE(std::ranges::none_of(chart.series, &Series::pale));
}

TEST(Chart, BytesGetAUnitThatFits) {
  EXPECT_EQ(byte_unit(0).name, "bytes");
  EXPECT_EQ(byte_unit(999).name, "bytes");
  EXPECT_EQ(byte_unit(1000).name, "kB");
  EXPECT_EQ(byte_unit(2.5e6).name, "MB");
  EXPECT_EQ(byte_unit(1e9).name, "GB");
  EXPECT_EQ(byte_unit(1e15).name, "TB");
  EXPECT_EQ(in_unit({{7, 2.5e6}}, byte_unit(2.5e6)), (std::vector<PlotPoint>{{7, 2.5}}));
  EXPECT_EQ(traffic_axis(byte_unit(2.5e6)).label, "MB since the start");
}

}  // namespace
}  // namespace psephos
