#include "runtime/base/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace psephos {

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  static constexpr std::array kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  // What would be shown as 1000 is 1.0 of the next unit.
  for (; value >= 999.5 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return value < 99.95 ? fmt::format("{:.1f} {}", value, kUnits[unit])
                       : fmt::format("{:.0f} {}", value, kUnits[unit]);
}

std::string format_duration(double seconds) {
  constexpr double kLongest = 1e6 * 3600;
  const double s = seconds > 0 ? std::min(seconds, kLongest) : 0;
  // Each form is left as soon as its rounded number would be one of the next form.
  if (const long long ms = std::llround(s * 1000); ms < 1000) return fmt::format("{} ms", ms);
  if (const long long tenths = std::llround(s * 10); tenths < 600) {
    return fmt::format("{}.{} s", tenths / 10, tenths % 10);
  }
  if (const long long whole = std::llround(s); whole < 3600) {
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  }
  const long long minutes = std::llround(s / 60);
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string format_hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

}  // namespace psephos
