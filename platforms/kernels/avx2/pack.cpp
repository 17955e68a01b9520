#include "platforms/kernels/avx2/avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "platforms/kernels/portable/portable.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif

namespace psephos::kernels::avx2 {
namespace {

constexpr std::size_t kWidth = 8;                              // floats of a register
constexpr std::size_t kRegisters = portable::kLanes / kWidth;  // for one word of every lane

// What is packed: the vector itself, or the momentum that the gradient moves it to.
struct Plain {
  const float* v;
  __m256 at(std::size_t i) const { return _mm256_loadu_ps(v + i); }
};

struct Momentum {
  float* m;
  const float* g;
  __m256 beta;
  __m256 rest;
  __m256 at(std::size_t i) const {
    const __m256 kept = _mm256_mul_ps(_mm256_loadu_ps(m + i), beta);
    const __m256 moved = _mm256_add_ps(kept, _mm256_mul_ps(_mm256_loadu_ps(g + i), rest));
    _mm256_storeu_ps(m + i, moved);
    return moved;
  }
};

template <class Source>
void pack_full_block(const Source& source, std::uint32_t* signs, std::uint32_t* zeros) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i top = _mm256_set1_epi32(static_cast<int>(portable::kTopBit));
  __m256i sign[kRegisters];
  __m256i none[kRegisters];
  for (std::size_t r = 0; r < kRegisters; ++r) sign[r] = none[r] = zero;
  for (std::size_t j = 0; j < portable::kRows; ++j) {
    for (std::size_t r = 0; r < kRegisters; ++r) {
      const __m256i bits = _mm256_castps_si256(source.at(j * portable::kLanes + r * kWidth));
      // Doubled as an integer, a zero of either sign is 0.
      const __m256i is_zero = _mm256_cmpeq_epi32(_mm256_add_epi32(bits, bits), zero);
      sign[r] = _mm256_or_si256(_mm256_srli_epi32(sign[r], 1), _mm256_and_si256(bits, top));
      none[r] = _mm256_or_si256(_mm256_srli_epi32(none[r], 1), _mm256_and_si256(is_zero, top));
    }
  }
  for (std::size_t r = 0; r < kRegisters; ++r) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(signs + r * kWidth), sign[r]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(zeros + r * kWidth), none[r]);
  }
}

}  // namespace

void pack_signs(const float* v, std::size_t d, CoinAddress coin, std::uint32_t* signs) {
  std::uint32_t zeros[portable::kLanes];
  const std::size_t whole = d - d % portable::kBlock;
  for (std::size_t start = 0; start < whole; start += portable::kBlock) {
    const std::size_t word = start / portable::kRows;
    pack_full_block(Plain{v + start}, signs + word, zeros);
    portable::merge_coins(word, portable::kLanes, coin, zeros, signs + word);
  }
  if (whole == d) return;
  const std::size_t word = whole / portable::kRows;
  portable::pack_sign_block(v + whole, d - whole, word, coin, signs + word);
}

void signum(float* m, const float* g, std::size_t d, float beta, CoinAddress coin,
            std::uint32_t* signs) {
  std::uint32_t zeros[portable::kLanes];
  const __m256 betas = _mm256_set1_ps(beta);
  const __m256 rests = _mm256_set1_ps(1.0F - beta);
  const std::size_t whole = d - d % portable::kBlock;
  for (std::size_t start = 0; start < whole; start += portable::kBlock) {
    const std::size_t word = start / portable::kRows;
    pack_full_block(Momentum{m + start, g + start, betas, rests}, signs + word, zeros);
    portable::merge_coins(word, portable::kLanes, coin, zeros, signs + word);
  }
  if (whole == d) return;
  const std::size_t word = whole / portable::kRows;
  portable::momentum(m + whole, g + whole, d - whole, beta);
  portable::pack_sign_block(m + whole, d - whole, word, coin, signs + word);
}

}  // namespace psephos::kernels::avx2

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
