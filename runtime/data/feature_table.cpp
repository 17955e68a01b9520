#include "runtime/data/feature_table.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <variant>

#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"

namespace psephos {
namespace {

template <class T>
std::span<const T> row_of(const xt::xtensor<T, 2>& table, std::size_t row) {
  PSEPHOS_CHECK(row < table.shape(0), "a row beyond the samples");
  return {table.data() + row * table.shape(1), table.shape(1)};
}

template <class T>
xt::xtensor<T, 2> take_rows(const xt::xtensor<T, 2>& table, std::span<const std::uint32_t> rows) {
  const std::array<std::size_t, 2> shape{rows.size(), table.shape(1)};
  xt::xtensor<T, 2> taken(shape);
  T* out = taken.data();
  for (const std::uint32_t row : rows) out = std::ranges::copy(row_of(table, row), out).out;
  return taken;
}

// Of a long row the beginning will do: what follows is a stream.
constexpr std::size_t kMostPrefetched = 4096;
constexpr std::size_t kCacheLine = 64;

}  // namespace

void FeatureTable::prefetch(std::size_t row) const {
  const auto ask = [row](const auto& table) {
    const auto bytes = std::as_bytes(row_of(table, row));
    for (std::size_t i = 0; i < std::min(bytes.size(), kMostPrefetched); i += kCacheLine) {
      __builtin_prefetch(bytes.data() + i);
    }
  };
  std::visit(ask, values_);
}

void FeatureTable::normalise(std::size_t row, const Normalisation& normalisation,
                             std::span<float> out) const {
  PSEPHOS_CHECK(out.size() == columns(), "normalise: room for one row");
  const auto [scale, offset] = normalisation;
  if (const ByteTable* table = bytes()) {
    kernels::kernels().normalise(row_of(*table, row).data(), out.size(), scale, offset, out.data());
    return;
  }
  const std::span<const float> values = row_of(*floats(), row);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = values[i] * scale + offset;
}

FeatureTable FeatureTable::take(std::span<const std::uint32_t> rows) const {
  return std::visit([rows](const auto& table) { return FeatureTable(take_rows(table, rows)); },
                    values_);
}

}  // namespace psephos
