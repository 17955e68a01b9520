#include "platforms/limits/x86.h"

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#else
#pragma GCC target("avx512f")
#endif

namespace psephos::limits {
namespace {

constexpr std::size_t kAccumulators = 8;
constexpr std::size_t kWidth = 16;  // words of a register

std::uint32_t read(const std::uint32_t* words, std::size_t count) {
  constexpr std::size_t kStride = kAccumulators * kWidth;
  __m512i sums[kAccumulators] = {};
  std::size_t i = 0;
  for (; i + kStride <= count; i += kStride) {
#pragma GCC unroll 8
    for (std::size_t k = 0; k < kAccumulators; ++k) {
      sums[k] = _mm512_xor_si512(sums[k], _mm512_loadu_si512(words + i + k * kWidth));
    }
  }
  std::uint32_t total = 0;
  for (const __m512i& sum : sums) {
    alignas(64) std::uint32_t lanes[kWidth];
    _mm512_store_si512(lanes, sum);
    for (const std::uint32_t lane : lanes) total ^= lane;
  }
  for (; i < count; ++i) total ^= words[i];
  return total;
}

void scale(float* x, std::size_t count, float factor) {
  const __m512 factors = _mm512_set1_ps(factor);
  std::size_t i = 0;
  for (; i + 4 * kWidth <= count; i += 4 * kWidth) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) {
      float* at = x + i + k * kWidth;
      _mm512_storeu_ps(at, _mm512_mul_ps(_mm512_loadu_ps(at), factors));
    }
  }
  for (; i < count; ++i) x[i] *= factor;
}

void update(float* x, const float* y, std::size_t count) {
  std::size_t i = 0;
  for (; i + 4 * kWidth <= count; i += 4 * kWidth) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) {
      float* at = x + i + k * kWidth;
      _mm512_storeu_ps(at, _mm512_add_ps(_mm512_loadu_ps(at), _mm512_loadu_ps(y + i + k * kWidth)));
    }
  }
  for (; i < count; ++i) x[i] += y[i];
}

}  // namespace

const Limits& avx512_limits() {
  static constexpr Limits kLimits = {
      .name = "avx512", .read = read, .scale = scale, .update = update};
  return kLimits;
}

}  // namespace psephos::limits

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
