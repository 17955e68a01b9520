#pragma once
// Ballots for tests, built parameter by parameter from integers: independent of the kernels.

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "runtime/signs/packed_signs.h"

namespace psephos::testing {

// `values`: -1, 0 or +1 per parameter.
inline PackedSigns pack_values(const std::vector<int>& values) {
  PackedSigns packed;
  packed.parameters = values.size();
  packed.signs.resize(word_count(values.size()));
  packed.voted.resize(word_count(values.size()));
  bool all = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const BitPosition at = bit_position(i, values.size());
    if (values[i] < 0) packed.signs[at.word] |= 1u << at.bit;
    if (values[i] != 0) packed.voted[at.word] |= 1u << at.bit;
    all = all && values[i] != 0;
  }
  if (all) packed.voted.clear();
  return packed;
}

// One value per parameter; never 0 when `binary`, else 0 a third of the time.
inline std::vector<int> random_values(std::size_t parameters, bool binary,
                                      std::mt19937_64& random) {
  std::vector<int> values(parameters);
  for (int& value : values) {
    value = binary ? static_cast<int>(random() % 2) * 2 - 1 : static_cast<int>(random() % 3) - 1;
  }
  return values;
}

}  // namespace psephos::testing
