#include "simulator/links.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>

namespace psephos::simulator {
namespace {

constexpr double kLongestMs = 3.6e6;

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

}  // namespace

Result<Delay> parse_delay(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto median = number(text.substr(0, colon));
  const auto spread =
      colon == std::string_view::npos ? std::optional(1.0) : number(text.substr(colon + 1));
  if (!median || !spread || *median < 0 || *median > kLongestMs || *spread < 1 || *spread > 100) {
    return Error{fmt::format(
        "'{}' is not MEDIAN_MS:SPREAD with 0 <= MEDIAN_MS <= {:.0f} and 1 <= SPREAD <= 100, "
        "e.g. 40:1.5",
        text, kLongestMs)};
  }
  return Delay{*median, *spread};
}

Status parse_slow(std::string_view text, Links& links) {
  const std::size_t colon = text.find(':');
  const auto share = number(text.substr(0, colon));
  const auto factor =
      colon == std::string_view::npos ? std::optional<double>() : number(text.substr(colon + 1));
  if (!share || !factor || *share < 0 || *share > 1 || *factor < 1 || *factor > 10'000) {
    return Error{fmt::format(
        "'{}' is not SHARE:FACTOR with 0 <= SHARE <= 1 and 1 <= FACTOR <= 10000, e.g. 0.2:5",
        text)};
  }
  links.slow_share = *share;
  links.slow_factor = *factor;
  return Ok{};
}

Duration draw_delay(const Delay& delay, double factor, PhiloxKey key, Purpose purpose,
                    std::uint64_t index) {
  if (delay.median_ms == 0) return Duration{0};
  double ms = delay.median_ms * factor;
  if (delay.spread > 1) {
    const auto words = philox(key, 0, purpose, index);
    const double radius = std::sqrt(-2 * std::log(1 - unit_interval(words[0])));
    const double normal = radius * std::cos(2 * std::numbers::pi * unit_interval(words[1]));
    ms *= std::pow(delay.spread, normal);
  }
  return Duration{static_cast<std::int64_t>(std::min(ms, kLongestMs) * 1000)};
}

}  // namespace psephos::simulator
