#include "runtime/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace psephos {
namespace {

constexpr std::size_t kWorthAMean = 100;  // points of a curve that jumps

}  // namespace

Axis rounds_axis() {
  Axis axis{"round"};
  axis.whole = true;
  axis.from_zero = true;
  axis.at_least_to = 1;
  return axis;
}

Axis accuracy_axis() {
  Axis axis{"share classified correctly"};
  axis.at_most_to = 1;
  return axis;
}

Axis loss_axis() {
  Axis axis{"mean cross entropy (nats)"};
  axis.from_zero = true;
  axis.logarithmic_if_wide = true;
  return axis;
}

void add_measured(Chart& chart, const Curve& curve, const std::string& label, std::size_t colour) {
  if (curve.size() == 0) return;
  chart.series.push_back({label, curve.points(), colour, false, true, false});
}

void add_noisy(Chart& chart, const Curve& curve, const std::string& label, std::size_t colour,
               bool right) {
  std::vector<PlotPoint> points = curve.points();
  if (points.empty()) return;
  const auto [low, high] = std::ranges::minmax(points, {}, &PlotPoint::y);
  if (points.size() < kWorthAMean || low.y == high.y) {
    chart.series.push_back({label, std::move(points), colour, false, false, right});
    return;
  }
  chart.series.push_back({"", std::move(points), colour, true, false, right});
  chart.series.push_back({label, curve.smoothed(), colour, false, false, right});
}

ByteUnit byte_unit(double most_bytes) {
  constexpr std::array<ByteUnit, 5> kUnits = {
      {{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}, {1, "bytes"}}};
  for (const ByteUnit& unit : kUnits) {
    if (most_bytes >= unit.bytes) return unit;
  }
  return kUnits.back();
}

Axis traffic_axis(const ByteUnit& unit) {
  Axis axis{fmt::format("{} since the start", unit.name)};
  axis.from_zero = true;
  axis.at_least_to = 1;
  return axis;
}

std::vector<PlotPoint> in_unit(std::vector<PlotPoint> points, const ByteUnit& unit) {
  for (PlotPoint& point : points) point.y /= unit.bytes;
  return points;
}

}  // namespace psephos
