#pragma once
// The features of a set of samples: a table of n rows and f columns that keeps bytes as bytes. A
// byte takes a quarter of a float's memory, and is normalised as batches are gathered.

#include <cstdint>
#include <span>
#include <utility>
#include <variant>
#include <xtensor/xtensor.hpp>

#include "runtime/run/hyperparameters.h"

namespace psephos {

class FeatureTable {
 public:
  using ByteTable = xt::xtensor<std::uint8_t, 2>;
  using FloatTable = xt::xtensor<float, 2>;

  FeatureTable() = default;
  FeatureTable(ByteTable bytes) : values_(std::move(bytes)) {}
  FeatureTable(FloatTable floats) : values_(std::move(floats)) {}  // all of them finite

  std::size_t rows() const { return shape(0); }
  std::size_t columns() const { return shape(1); }

  // Asks for the memory of a row that is wanted soon: rows of a batch lie anywhere, and no hardware
  // foresees the next.
  void prefetch(std::size_t row) const;

  // Row `row` as a model sees it: value * scale + offset, whichever way it is kept. `out` has
  // columns() floats.
  void normalise(std::size_t row, const Normalisation& normalisation, std::span<float> out) const;

  // A table of these rows, in this order.
  FeatureTable take(std::span<const std::uint32_t> rows) const;

  // The table as it is kept, or null.
  const ByteTable* bytes() const { return std::get_if<ByteTable>(&values_); }
  const FloatTable* floats() const { return std::get_if<FloatTable>(&values_); }

 private:
  std::size_t shape(std::size_t axis) const {
    return std::visit([axis](const auto& table) { return table.shape(axis); }, values_);
  }

  std::variant<ByteTable, FloatTable> values_;
};

}  // namespace psephos
