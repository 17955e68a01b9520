#include "runtime/data/scale_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace psephos {
namespace {

constexpr float kSmall = 0.25f;
constexpr float kLarge = 16;

struct Range {
  float least = 0;
  float most = 0;
};

template <class T>
Range range_of(const xt::xtensor<T, 2>& table) {
  if (table.size() == 0) return {};
  T least = table.data()[0];
  T most = least;
  for (const T value : table.storage()) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  return {static_cast<float>(least), static_cast<float>(most)};
}

Range range_of(const FeatureTable& table) {
  return table.bytes() != nullptr ? range_of(*table.bytes()) : range_of(*table.floats());
}

}  // namespace

std::optional<std::string> scale_advice(const Dataset& dataset,
                                        const Normalisation& normalisation) {
  const auto [least, most] = range_of(dataset.train.features);
  const auto [scale, offset] = normalisation;
  const float size = std::max(std::abs(least * scale + offset), std::abs(most * scale + offset));
  const float largest = std::max(std::abs(least), std::abs(most));
  if ((size >= kSmall && size <= kLarge) || !std::isfinite(1 / largest)) return std::nullopt;
  return fmt::format(
      "features lie within {:g} and {:g}, and --normalisation {} makes numbers of size {:.2g} of "
      "them; models learn best from about 1: consider --normalisation {:.3g}:0",
      least, most, to_string(normalisation), size, 1 / largest);
}

}  // namespace psephos
