#include "runtime/rules/scales.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "runtime/base/check.h"

namespace psephos {
namespace {

float lower_median(std::vector<float>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

float moved(float current, float median, double multiple) {
  if (median == 0) return current;
  constexpr double kLargest = std::numeric_limits<float>::max();
  const double wanted = std::min(multiple * static_cast<double>(median), kLargest);
  if (current == 0) return static_cast<float>(wanted);
  const double least = static_cast<double>(current) / 2;
  const double most = std::min(static_cast<double>(current) * 2, kLargest);
  return static_cast<float>(std::clamp(wanted, least, most));
}

}  // namespace

std::vector<float> next_scales(std::span<const float> current,
                               std::span<const std::vector<float>> reports, double multiple) {
  std::vector<float> next(current.begin(), current.end());
  std::vector<float> of_tensor(reports.size());
  for (std::size_t t = 0; t < next.size(); ++t) {
    for (std::size_t i = 0; i < reports.size(); ++i) {
      PSEPHOS_CHECK(reports[i].size() == next.size(), "a report for every tensor");
      of_tensor[i] = reports[i][t];
    }
    next[t] = moved(next[t], lower_median(of_tensor), multiple);
  }
  return next;
}

}  // namespace psephos
