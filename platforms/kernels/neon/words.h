#pragma once
// What the kernels of this folder share. Private to it; to be included under PSEPHOS_NEON.

#include <arm_neon.h>

#include <cstddef>

#if defined(__arm__)
#pragma GCC push_options
#pragma GCC target("fpu=neon")
#endif

namespace psephos::kernels::neon {

inline constexpr std::size_t kWidth = 4;  // words or floats of a register

inline bool any_bit(uint32x4_t words) {
  const uint64x2_t halves = vreinterpretq_u64_u32(words);
  return (vgetq_lane_u64(halves, 0) | vgetq_lane_u64(halves, 1)) != 0;
}

}  // namespace psephos::kernels::neon

#if defined(__arm__)
#pragma GCC pop_options
#endif
