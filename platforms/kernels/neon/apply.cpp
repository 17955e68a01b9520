#include "platforms/kernels/neon/neon.h"

// On ARMv7 the portable twin's VFP arithmetic it is: NEON would flush denormals.
#if defined(__aarch64__)

#include "platforms/kernels/neon/words.h"
#include "platforms/kernels/portable/portable.h"
#include "platforms/kernels/whole_blocks.h"

namespace psephos::kernels::neon {
namespace {

using portable::kLanes;
using portable::kRows;

struct Step {
  uint32x4_t magnitude;
  uint32x4_t negative;  // all ones where the step is negative
  float keep;
};

// Rows from the last to the first: a row's bit is then always the words' top one. Parameters move
// by the step's magnitude under that bit as its sign; where nothing was voted by -0.0, which
// changes no number, not even a zero. kEverything: `voted` is not read.
template <bool kEverything>
void apply_block(float* x, const std::uint32_t* signs, const std::uint32_t* voted,
                 const Step& step) {
  constexpr std::size_t kRegisters = kLanes / kWidth;
  const uint32x4_t top = vdupq_n_u32(portable::kTopBit);
  uint32x4_t mask[kRegisters];
  uint32x4_t down[kRegisters];  // the sign of what is added
  for (std::size_t r = 0; r < kRegisters; ++r) {
    mask[r] = kEverything ? vdupq_n_u32(0xFFFFFFFF) : vld1q_u32(voted + r * kWidth);
    down[r] = ~((vld1q_u32(signs + r * kWidth) ^ step.negative) & mask[r]);
  }
  for (std::size_t j = kRows; j-- > 0;) {
    for (std::size_t r = 0; r < kRegisters; ++r) {
      float* row = x + j * kLanes + r * kWidth;
      uint32x4_t distance = step.magnitude;
      if constexpr (!kEverything) {
        distance &= vreinterpretq_u32_s32(vshrq_n_s32(vreinterpretq_s32_u32(mask[r]), 31));
        mask[r] = vaddq_u32(mask[r], mask[r]);
      }
      const float32x4_t delta = vreinterpretq_f32_u32(vbslq_u32(top, down[r], distance));
      down[r] = vaddq_u32(down[r], down[r]);
      vst1q_f32(row, vaddq_f32(vmulq_n_f32(vld1q_f32(row), step.keep), delta));
    }
  }
}

// One whole block, for whole_blocks.h.
struct Blocks {
  static void apply(float* x, const std::uint32_t* signs, const std::uint32_t* voted,
                    std::uint32_t step, float keep) {
    const Step vectors{vdupq_n_u32(step & portable::kMagnitude),
                       vdupq_n_u32((step & portable::kTopBit) != 0 ? 0xFFFFFFFF : 0), keep};
    if (voted == nullptr) {
      apply_block<true>(x, signs, nullptr, vectors);
    } else {
      apply_block<false>(x, signs, voted, vectors);
    }
  }
};

}  // namespace

void apply(float* x, std::size_t d, const std::uint32_t* signs, const std::uint32_t* voted,
           float step, float keep) {
  WholeBlocks<Blocks>::apply(x, d, signs, voted, step, keep);
}

}  // namespace psephos::kernels::neon

#endif
