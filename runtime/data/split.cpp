#include "runtime/data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/data/shuffle.h"

namespace psephos {
namespace {

constexpr PhiloxKey kSplitKey{0x50736571, kRunStream};

Samples take(const Samples& samples, std::span<const std::uint32_t> indices) {
  Samples taken;
  taken.features = samples.features.take(indices);
  taken.labels.resize({indices.size()});
  std::ranges::transform(indices, taken.labels.begin(),
                         [&samples](std::uint32_t index) { return samples.labels(index); });
  return taken;
}

}  // namespace

Result<Dataset> hold_back(const Dataset& dataset, double share, HeldBackAs purpose) {
  PSEPHOS_CHECK(share >= 0 && share <= 1, "hold_back: a share");
  const std::size_t samples = dataset.train.size();
  if (samples < 2 || samples > std::numeric_limits<std::uint32_t>::max()) {
    return Error{fmt::format("{}: {} samples cannot be split in two; use other data", dataset.name,
                             samples)};
  }
  const auto wanted = static_cast<std::size_t>(std::round(share * static_cast<double>(samples)));
  const std::size_t held_back = std::clamp<std::size_t>(wanted, 1, samples - 1);

  std::vector<std::uint32_t> order =
      shuffled(samples, kSplitKey, static_cast<std::uint32_t>(purpose), Purpose::kSplit);
  const std::span<std::uint32_t> all(order);
  std::ranges::sort(all.first(held_back));
  std::ranges::sort(all.subspan(held_back));

  Dataset split;
  split.name = dataset.name;
  split.features = dataset.features;
  split.classes = dataset.classes;
  split.test = take(dataset.train, all.first(held_back));
  split.train = take(dataset.train, all.subspan(held_back));
  return split;
}

}  // namespace psephos
