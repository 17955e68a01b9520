#pragma once
// The grid of a sweep: settings and the values each is to take, in every combination.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace psephos::simulator {

struct GridAxis {
  std::string key;  // a flag's name without dashes
  std::vector<std::string> values;
  bool operator==(const GridAxis&) const = default;
};

// Points are counted from 0, the last axis turning fastest.
struct Grid {
  std::vector<GridAxis> axes;

  std::uint64_t points() const;  // a product that does not fit is the largest number there is
  // A value per axis.
  std::vector<std::string> point(std::size_t i) const;
  std::string in_words(std::size_t i) const;  // "lr=1e-3 beta=0.9"
  bool operator==(const Grid&) const = default;
};

// "lr=1e-4,3e-4 beta=0.9,0.99". Where values have commas of their own, semicolons stand between
// them: "model=softmax;mlp:256,128". Refuses a key or a value (as text or as number) twice.
Result<Grid> parse_grid(std::string_view text);

}  // namespace psephos::simulator
