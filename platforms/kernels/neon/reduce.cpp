#include "platforms/kernels/neon/neon.h"

#if defined(PSEPHOS_NEON)

#include <algorithm>

#include "platforms/kernels/neon/words.h"
#include "platforms/kernels/portable/portable.h"

#if defined(__arm__)
#pragma GCC target("fpu=neon")
#endif

namespace psephos::kernels::neon {

bool all_finite(const float* v, std::size_t d) {
  constexpr std::size_t kRegisters = 4;
  // Doubled as an integer, a number that is not finite is at least this, and no other is.
  const uint32x4_t least = vdupq_n_u32(0xFF000000);
  const std::size_t whole = d - d % portable::kBlock;
  for (std::size_t start = 0; start < whole; start += portable::kBlock) {
    uint32x4_t largest[kRegisters];
    for (uint32x4_t& words : largest) words = vdupq_n_u32(0);
    for (std::size_t i = start; i < start + portable::kBlock; i += kRegisters * kWidth) {
      for (std::size_t r = 0; r < kRegisters; ++r) {
        const uint32x4_t bits = vreinterpretq_u32_f32(vld1q_f32(v + i + r * kWidth));
        largest[r] = vmaxq_u32(largest[r], vaddq_u32(bits, bits));
      }
    }
    const uint32x4_t most =
        vmaxq_u32(vmaxq_u32(largest[0], largest[1]), vmaxq_u32(largest[2], largest[3]));
    if (any_bit(vcgeq_u32(most, least))) return false;
  }
  return portable::all_finite(v + whole, d - whole);
}

std::uint64_t count_ones(const std::uint32_t* words, std::size_t count) {
  constexpr std::size_t kChunk = 8192;  // words; 2048 times 16 ones fit a 16-bit sum
  const std::size_t whole = count - count % kWidth;
  uint64x2_t total = vdupq_n_u64(0);
  for (std::size_t start = 0; start < whole; start += kChunk) {
    const std::size_t end = std::min(start + kChunk, whole);
    uint16x8_t ones = vdupq_n_u16(0);
    for (std::size_t w = start; w < end; w += kWidth) {
      ones = vpadalq_u8(ones, vcntq_u8(vreinterpretq_u8_u32(vld1q_u32(words + w))));
    }
    total = vpadalq_u32(total, vpaddlq_u16(ones));
  }
  return vgetq_lane_u64(total, 0) + vgetq_lane_u64(total, 1) +
         portable::count_ones(words + whole, count - whole);
}

}  // namespace psephos::kernels::neon

#endif
