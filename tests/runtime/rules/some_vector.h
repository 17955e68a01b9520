#pragma once

#include <cmath>
#include <cstdint>

#include "runtime/base/bytes.h"
#include "runtime/base/philox.h"

namespace psephos::testing {

// Values of all magnitudes, an eighth of them exact zeros of either sign.
inline AlignedVector<float> some_vector(std::size_t d, std::uint32_t seed) {
  AlignedVector<float> v(d);
  for (std::size_t i = 0; i < d; ++i) {
    const std::uint32_t word = philox_word({seed, 0}, 0, Purpose::kFault, i);
    const auto draw = static_cast<float>(static_cast<std::int32_t>(word));
    v[i] = word % 8 == 0 ? std::copysign(0.0f, draw) : draw * (word % 8 == 1 ? 1e-18f : 1e-9f);
  }
  return v;
}

}  // namespace psephos::testing
