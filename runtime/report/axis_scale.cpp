#include "runtime/report/axis_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace psephos {
namespace {

constexpr double kManyDecades = 3;  // from here on an axis is logarithmic
constexpr int kTicks = 6;
constexpr double kSmallestPlotted = 1e-300;  // of what has a logarithm worth showing

std::string tick_label(double value, double step) {
  const double magnitude = std::max(std::abs(value), step);
  if (magnitude >= 1e9 || step < 1e-6) return fmt::format("{:.3g}", value);
  const int decimals = step >= 1 ? 0 : static_cast<int>(std::ceil(-std::log10(step) - 1e-9));
  std::string text = fmt::format("{:.{}f}", std::abs(value), decimals);
  std::size_t point = std::min(text.find('.'), text.size());
  while (point > 3) {
    point -= 3;
    text.insert(point, ",");
  }
  return value < -step / 2 ? "-" + text : text;
}

// 1, 2 or 5 times a power of ten, a little more than `rough`.
double round_step(double rough) {
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

Scale logarithmic_scale(double least, double most) {
  Scale scale;
  scale.logarithmic = true;
  const double first = std::floor(std::log10(least));
  const double last = std::ceil(std::log10(most));
  scale.step = std::pow(10, std::max(1.0, std::ceil((last - first) / kTicks)));
  scale.least = std::pow(10, first);
  scale.most = std::pow(10, std::max(last, first + 1));
  return scale;
}

bool is_wide(const Axis& axis, const Extent& range) {
  return axis.logarithmic_if_wide && range.least >= kSmallestPlotted &&
         std::log10(range.most) - std::log10(range.least) > kManyDecades;
}

// A flat curve gets a range that its ticks can tell apart, within what its values can be at all.
void widen(const Axis& axis, Extent& range) {
  const double size = std::max(std::abs(range.least), std::abs(range.most));
  const double narrowest = axis.whole ? 1 : size > 0 ? size / 8 : 1;
  const double missing = narrowest - (range.most - range.least);
  if (missing <= 0) return;
  const bool stands_on_zero = axis.from_zero && range.least == 0;
  range.least -= stands_on_zero ? 0 : missing / 2;
  range.most += stands_on_zero ? missing : missing / 2;
  if (axis.at_most_to && range.most > *axis.at_most_to) {
    range.least -= range.most - *axis.at_most_to;
    range.most = *axis.at_most_to;
  }
}

}  // namespace

void Extent::take(double value) {
  least = std::min(least, value);
  most = std::max(most, value);
}

Scale make_scale(const Axis& axis, const Extent& shown) {
  Extent range = shown;
  if (range.empty()) range = {0, axis.at_least_to.value_or(1)};
  if (is_wide(axis, range)) return logarithmic_scale(range.least, range.most);
  if (axis.at_least_to) range.take(*axis.at_least_to);
  if (axis.from_zero) range.take(0);
  widen(axis, range);
  Scale scale;
  scale.step = round_step((range.most - range.least) / kTicks);
  if (axis.whole) scale.step = std::max(scale.step, 1.0);
  scale.least = std::floor(range.least / scale.step + 1e-6) * scale.step;
  scale.most = std::ceil(range.most / scale.step - 1e-6) * scale.step;
  if (axis.at_most_to && range.most <= *axis.at_most_to) {
    scale.most = std::min(scale.most, *axis.at_most_to);
  }
  return scale;
}

double with_headroom(const Scale& scale, double most) {
  return scale.logarithmic || most < scale.most - scale.step / 8 ? scale.most
                                                                 : scale.most + scale.step / 4;
}

std::vector<Tick> ticks_of(const Scale& scale) {
  std::vector<Tick> ticks;
  if (scale.logarithmic) {
    for (double at = scale.least; at <= scale.most * 1.001; at *= scale.step) {
      const double exponent = std::round(std::log10(at));
      ticks.push_back(
          {std::abs(exponent) <= 4 ? fmt::format("{:g}", at) : fmt::format("1e{}", exponent), at});
    }
    return ticks;
  }
  const auto count = static_cast<int>(std::floor((scale.most - scale.least) / scale.step + 1e-6));
  for (int i = 0; i <= count; ++i) {
    const double at = scale.least + i * scale.step;
    ticks.push_back({tick_label(at, scale.step), at});
  }
  return ticks;
}

}  // namespace psephos
