#include "platforms/kernels/avx2/avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "platforms/kernels/portable/portable.h"
#include "platforms/kernels/prefetch.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif

#include "platforms/kernels/whole_blocks.h"

namespace psephos::kernels::avx2 {
namespace {

constexpr std::size_t kWidth = 8;  // floats of a register
constexpr std::size_t kRegisters = portable::kLanes / kWidth;

__m256i load(const std::uint32_t* words) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
}

// Rows from the last to the first: a row's bit is then always the words' top one.
void apply_full_block(float* x, const std::uint32_t* signs, const std::uint32_t* voted,
                      __m256i step, __m256 keep) {
  const __m256i top = _mm256_set1_epi32(static_cast<int>(portable::kTopBit));
  __m256i sign[kRegisters];
  __m256i vote[kRegisters];
  for (std::size_t r = 0; r < kRegisters; ++r) {
    sign[r] = load(signs + r * kWidth);
    vote[r] = voted == nullptr ? _mm256_set1_epi32(-1) : load(voted + r * kWidth);
  }
  for (std::size_t j = portable::kRows; j-- > 0;) {
    prefetch_ahead<kBlockAheadBytes>(x + j * portable::kLanes);
    prefetch_ahead<kBlockAheadBytes>(x + j * portable::kLanes + portable::kLanes / 2);
    for (std::size_t r = 0; r < kRegisters; ++r) {
      float* row = x + j * portable::kLanes + r * kWidth;
      const __m256i moved = _mm256_xor_si256(step, _mm256_and_si256(sign[r], top));
      const __m256i mask = _mm256_srai_epi32(vote[r], 31);
      const __m256i delta = _mm256_xor_si256(_mm256_and_si256(moved, mask), top);
      const __m256 kept = _mm256_mul_ps(_mm256_loadu_ps(row), keep);
      _mm256_storeu_ps(row, _mm256_add_ps(kept, _mm256_castsi256_ps(delta)));
      sign[r] = _mm256_add_epi32(sign[r], sign[r]);
      if (voted != nullptr) vote[r] = _mm256_add_epi32(vote[r], vote[r]);
    }
  }
}

// One whole block, for whole_blocks.h.
struct Blocks {
  static void apply(float* x, const std::uint32_t* signs, const std::uint32_t* voted,
                    std::uint32_t step, float keep) {
    apply_full_block(x, signs, voted, _mm256_set1_epi32(static_cast<int>(step)),
                     _mm256_set1_ps(keep));
  }
};

}  // namespace

void apply(float* x, std::size_t d, const std::uint32_t* signs, const std::uint32_t* voted,
           float step, float keep) {
  WholeBlocks<Blocks>::apply(x, d, signs, voted, step, keep);
}

void normalise(const std::uint8_t* bytes, std::size_t count, float scale, float offset,
               float* out) {
  const __m256 scales = _mm256_set1_ps(scale);
  const __m256 offsets = _mm256_set1_ps(offset);
  std::size_t i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes + i));
    const __m256 values = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(eight));
    _mm256_storeu_ps(out + i, _mm256_add_ps(_mm256_mul_ps(values, scales), offsets));
  }
  portable::normalise(bytes + i, count - i, scale, offset, out + i);
}

}  // namespace psephos::kernels::avx2

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
