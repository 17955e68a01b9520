#include "platforms/kernels/avx512/avx512.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#include "platforms/kernels/portable/portable.h"
#include "platforms/kernels/prefetch.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl")
#endif

#include "platforms/kernels/whole_blocks.h"

namespace psephos::kernels::avx512 {
namespace {

constexpr std::size_t kWidth = 16;  // floats of a register
constexpr std::size_t kRegisters = portable::kLanes / kWidth;

// Rows from the last to the first: a row's bit is then always the words' top one.
void apply_full_block(float* x, const std::uint32_t* signs, const std::uint32_t* voted,
                      __m512i step, __m512 keep) {
  const __m512i top = _mm512_set1_epi32(static_cast<int>(portable::kTopBit));
  __m512i sign[kRegisters];
  __m512i vote[kRegisters];
  for (std::size_t r = 0; r < kRegisters; ++r) {
    sign[r] = _mm512_loadu_si512(signs + r * kWidth);
    vote[r] = voted == nullptr ? _mm512_set1_epi32(-1) : _mm512_loadu_si512(voted + r * kWidth);
  }
  for (std::size_t j = portable::kRows; j-- > 0;) {
    for (std::size_t r = 0; r < kRegisters; ++r) {
      float* row = x + j * portable::kLanes + r * kWidth;
      prefetch_ahead<kBlockAheadBytes>(row);
      constexpr int kSubtractUnlessMinus = 0xB4;  // step ^ (top & ~sign)
      const __m512i delta = _mm512_ternarylogic_epi32(step, top, sign[r], kSubtractUnlessMinus);
      const __m512 kept = _mm512_mul_ps(_mm512_loadu_ps(row), keep);
      _mm512_storeu_ps(row, _mm512_mask_add_ps(kept, _mm512_movepi32_mask(vote[r]), kept,
                                               _mm512_castsi512_ps(delta)));
      sign[r] = _mm512_add_epi32(sign[r], sign[r]);
      if (voted != nullptr) vote[r] = _mm512_add_epi32(vote[r], vote[r]);
    }
  }
}

// One whole block, for whole_blocks.h.
struct Blocks {
  static void apply(float* x, const std::uint32_t* signs, const std::uint32_t* voted,
                    std::uint32_t step, float keep) {
    apply_full_block(x, signs, voted, _mm512_set1_epi32(static_cast<int>(step)),
                     _mm512_set1_ps(keep));
  }
};

}  // namespace

void apply(float* x, std::size_t d, const std::uint32_t* signs, const std::uint32_t* voted,
           float step, float keep) {
  WholeBlocks<Blocks>::apply(x, d, signs, voted, step, keep);
}

}  // namespace psephos::kernels::avx512

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
