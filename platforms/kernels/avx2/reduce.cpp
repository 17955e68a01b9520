#include "platforms/kernels/avx2/avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

#include "platforms/kernels/portable/portable.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif

namespace psephos::kernels::avx2 {
namespace {

constexpr std::size_t kWidth = 8;  // floats of a register

}  // namespace

bool all_finite(const float* v, std::size_t d) {
  // Doubled as an integer, a number that is not finite is at least this, and no other is.
  const __m256i least = _mm256_set1_epi32(static_cast<int>(0xFF000000));
  const std::size_t whole = d - d % portable::kBlock;
  for (std::size_t start = 0; start < whole; start += portable::kBlock) {
    __m256i largest[4] = {};
    for (std::size_t i = start; i < start + portable::kBlock; i += 4 * kWidth) {
      for (std::size_t r = 0; r < 4; ++r) {
        const __m256i bits =
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(v + i + r * kWidth));
        largest[r] = _mm256_max_epu32(largest[r], _mm256_add_epi32(bits, bits));
      }
    }
    const __m256i pair = _mm256_max_epu32(_mm256_max_epu32(largest[0], largest[1]),
                                          _mm256_max_epu32(largest[2], largest[3]));
    const __m256i special = _mm256_cmpeq_epi32(_mm256_max_epu32(pair, least), pair);
    if (_mm256_movemask_epi8(special) != 0) return false;
  }
  return portable::all_finite(v + whole, d - whole);
}

[[gnu::target("popcnt")]] std::uint64_t count_ones(const std::uint32_t* words, std::size_t count) {
  std::uint64_t total[4] = {};
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (std::size_t r = 0; r < 4; ++r) {
      std::uint64_t two;
      std::memcpy(&two, words + i + 2 * r, sizeof two);
      total[r] += static_cast<std::uint64_t>(_mm_popcnt_u64(two));
    }
  }
  for (; i < count; ++i) total[0] += static_cast<std::uint64_t>(_mm_popcnt_u32(words[i]));
  return (total[0] + total[1]) + (total[2] + total[3]);
}

}  // namespace psephos::kernels::avx2

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
