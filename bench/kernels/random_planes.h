#pragma once
// Gigabytes of ballots, and floats to vote from: their values do not matter, only that no predictor
// learns them. SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) makes them as fast as memory takes
// them, which Philox would not.

#include <cstddef>
#include <cstdint>

#include "runtime/base/bytes.h"
#include "runtime/signs/layout.h"

namespace psephos::bench {

class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

// A plane of random bits, those past d zero.
inline AlignedVector<std::uint32_t> random_plane(std::size_t parameters, std::uint64_t seed) {
  SplitMix random(seed);
  AlignedVector<std::uint32_t> plane(word_count(parameters));
  for (std::uint32_t& word : plane) word = static_cast<std::uint32_t>(random.next());
  for (std::size_t w = parameters / kBlockParameters * kBlockWords; w < plane.size(); ++w) {
    plane[w] &= valid_bits(w, parameters);
  }
  return plane;
}

// In (-1, 1); of a hundred, `zeros_in_hundred` are exact zeros: dark pixels, silent units.
inline AlignedVector<float> random_floats(std::size_t count, std::uint64_t seed,
                                          std::uint32_t zeros_in_hundred) {
  SplitMix random(seed);
  AlignedVector<float> floats(count);
  for (float& value : floats) {
    const std::uint64_t bits = random.next();
    const bool zero = (bits >> 32) % 100 < zeros_in_hundred;
    const auto odd = static_cast<std::int32_t>(static_cast<std::uint32_t>(bits) | 1);
    value = zero ? 0.0f : static_cast<float>(odd) * 0x1p-31f;
  }
  return floats;
}

}  // namespace psephos::bench
