#include "platforms/kernels/avx2/avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#include "platforms/kernels/portable/portable.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif

#include "platforms/kernels/avx2/philox.h"
#include "platforms/kernels/whole_blocks.h"

namespace psephos::kernels::avx2 {
namespace {

constexpr std::size_t kWidth = 8;
constexpr std::size_t kRegisters = portable::kLanes / kWidth;

// The random words of 32 rows from `first_row` on. Apart from the packing, which needs the
// registers.
void fill_random(const Philox& philox, std::size_t first_row, std::uint32_t* words) {
  for (std::size_t j = 0; j < portable::kRows; ++j) {
    // In this order of lanes, shuffling leaves the generators in theirs.
    const auto first = static_cast<long long>((first_row + j) * kWidth);
    const __m256i index = _mm256_set1_epi64x(first);
    const Philox::RandomWords a =
        philox.at(_mm256_add_epi64(index, _mm256_setr_epi64x(0, 1, 4, 5)));
    const Philox::RandomWords b =
        philox.at(_mm256_add_epi64(index, _mm256_setr_epi64x(2, 3, 6, 7)));
    for (std::size_t k = 0; k < kRegisters; ++k) {
      const __m256 eight = _mm256_shuffle_ps(
          _mm256_castsi256_ps(a.word[k]), _mm256_castsi256_ps(b.word[k]), _MM_SHUFFLE(2, 0, 2, 0));
      _mm256_store_si256(reinterpret_cast<__m256i*>(words + j * portable::kLanes + k * kWidth),
                         _mm256_castps_si256(eight));
    }
  }
}

__m256i load(const std::uint32_t* words) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
}

void store(std::uint32_t* words, __m256i bits) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), bits);
}

// Rows from the last to the first: planes are doubled and a row's bit, -1 or 0, is subtracted.
void ternary_block(const float* v, const std::uint32_t* words, __m256 scaled_bound,
                   std::uint32_t* signs, std::uint32_t* voted) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(portable::kMagnitude));
  const __m256i zero = _mm256_setzero_si256();
  __m256i sign[kRegisters];
  __m256i vote[kRegisters];
  for (std::size_t r = 0; r < kRegisters; ++r) sign[r] = vote[r] = zero;
  for (std::size_t j = portable::kRows; j-- > 0;) {
    for (std::size_t r = 0; r < kRegisters; ++r) {
      const std::size_t i = j * portable::kLanes + r * kWidth;
      const __m256 value = _mm256_loadu_ps(v + i);
      const __m256 u = _mm256_cvtepi32_ps(_mm256_srli_epi32(load(words + i), 8));
      const __m256 wins = _mm256_cmp_ps(_mm256_mul_ps(u, scaled_bound),
                                        _mm256_and_ps(value, magnitude), _CMP_LT_OQ);
      const __m256i minus = _mm256_cmpgt_epi32(zero, _mm256_castps_si256(value));
      vote[r] = _mm256_sub_epi32(_mm256_add_epi32(vote[r], vote[r]), _mm256_castps_si256(wins));
      sign[r] = _mm256_sub_epi32(_mm256_add_epi32(sign[r], sign[r]), minus);
    }
  }
  for (std::size_t r = 0; r < kRegisters; ++r) {
    store(signs + r * kWidth, _mm256_and_si256(sign[r], vote[r]));
    store(voted + r * kWidth, vote[r]);
  }
}

void sign_block(const float* v, const std::uint32_t* words, __m256 scaled_bound,
                std::uint32_t* signs) {
  __m256i sign[kRegisters];
  for (std::size_t r = 0; r < kRegisters; ++r) sign[r] = _mm256_setzero_si256();
  for (std::size_t j = portable::kRows; j-- > 0;) {
    for (std::size_t r = 0; r < kRegisters; ++r) {
      const std::size_t i = j * portable::kLanes + r * kWidth;
      const __m256 u = _mm256_cvtepi32_ps(_mm256_srai_epi32(load(words + i), 8));
      const __m256 minus =
          _mm256_cmp_ps(_mm256_mul_ps(u, scaled_bound), _mm256_loadu_ps(v + i), _CMP_NLT_UQ);
      sign[r] = _mm256_sub_epi32(_mm256_add_epi32(sign[r], sign[r]), _mm256_castps_si256(minus));
    }
  }
  for (std::size_t r = 0; r < kRegisters; ++r) store(signs + r * kWidth, sign[r]);
}

// One whole block each, for whole_blocks.h.
struct Blocks {
  using Philox = avx2::Philox;

  static void ternary(const float* v, const Philox& philox, std::size_t first_word,
                      float scaled_bound, std::uint32_t* signs, std::uint32_t* voted) {
    alignas(64) std::uint32_t words[portable::kBlock];
    fill_random(philox, first_word, words);
    ternary_block(v, words, _mm256_set1_ps(scaled_bound), signs, voted);
  }
  static void sign(const float* v, const Philox& philox, std::size_t first_word, float scaled_bound,
                   std::uint32_t* signs) {
    alignas(64) std::uint32_t words[portable::kBlock];
    fill_random(philox, first_word, words);
    sign_block(v, words, _mm256_set1_ps(scaled_bound), signs);
  }
};

}  // namespace

void pack_stochastic_ternary(const float* v, std::size_t d, float bound, CoinAddress coin,
                             std::uint32_t* signs, std::uint32_t* voted) {
  WholeBlocks<Blocks>::pack_stochastic_ternary(v, d, bound, coin, signs, voted);
}

void pack_stochastic_sign(const float* v, std::size_t d, float bound, CoinAddress coin,
                          std::uint32_t* signs) {
  WholeBlocks<Blocks>::pack_stochastic_sign(v, d, bound, coin, signs);
}

}  // namespace psephos::kernels::avx2

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
