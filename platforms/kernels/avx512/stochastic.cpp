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

#include "platforms/kernels/avx512/philox.h"
#include "platforms/kernels/whole_blocks.h"

namespace psephos::kernels::avx512 {
namespace {

constexpr std::size_t kWidth = 16;
constexpr std::size_t kRegisters = portable::kLanes / kWidth;
constexpr std::size_t kGenerators = 8;  // of a row

// The 32 random words of row `row`.
struct Row {
  __m512i words[kRegisters];
};

Row random_row(const Philox& philox, std::size_t row) {
  const Philox::RandomWords random = random_words(philox, row * kGenerators);
  const __m512i lower_halves =
      _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  return {{_mm512_permutex2var_epi32(random.word[0], lower_halves, random.word[1]),
           _mm512_permutex2var_epi32(random.word[2], lower_halves, random.word[3])}};
}

void ternary_block(const float* v, const Philox& philox, std::size_t first_row, __m512 scaled_bound,
                   std::uint32_t* signs, std::uint32_t* voted) {
  __m512i sign[kRegisters];
  __m512i vote[kRegisters];
  for (std::size_t r = 0; r < kRegisters; ++r) sign[r] = vote[r] = _mm512_setzero_si512();
  __m512i bit = _mm512_set1_epi32(1);
  for (std::size_t j = 0; j < portable::kRows; ++j) {
    const Row random = random_row(philox, first_row + j);
    for (std::size_t r = 0; r < kRegisters; ++r) {
      const std::size_t i = j * portable::kLanes + r * kWidth;
      prefetch_ahead(v + i);
      const __m512 value = _mm512_loadu_ps(v + i);
      const __m512 u = _mm512_cvtepi32_ps(_mm512_srli_epi32(random.words[r], 8));
      const __m512 least = _mm512_mul_ps(u, scaled_bound);
      const __mmask16 wins = _mm512_cmp_ps_mask(least, _mm512_abs_ps(value), _CMP_LT_OQ);
      const __mmask16 minus =
          static_cast<__mmask16>(wins & _mm512_movepi32_mask(_mm512_castps_si512(value)));
      vote[r] = _mm512_mask_or_epi32(vote[r], wins, vote[r], bit);
      sign[r] = _mm512_mask_or_epi32(sign[r], minus, sign[r], bit);
    }
    bit = _mm512_add_epi32(bit, bit);
  }
  for (std::size_t r = 0; r < kRegisters; ++r) {
    _mm512_storeu_si512(signs + r * kWidth, sign[r]);
    _mm512_storeu_si512(voted + r * kWidth, vote[r]);
  }
}

void sign_block(const float* v, const Philox& philox, std::size_t first_row, __m512 scaled_bound,
                std::uint32_t* signs) {
  __m512i sign[kRegisters];
  for (std::size_t r = 0; r < kRegisters; ++r) sign[r] = _mm512_setzero_si512();
  __m512i bit = _mm512_set1_epi32(1);
  for (std::size_t j = 0; j < portable::kRows; ++j) {
    const Row random = random_row(philox, first_row + j);
    for (std::size_t r = 0; r < kRegisters; ++r) {
      const std::size_t i = j * portable::kLanes + r * kWidth;
      prefetch_ahead(v + i);
      const __m512 value = _mm512_loadu_ps(v + i);
      const __m512 u = _mm512_cvtepi32_ps(_mm512_srai_epi32(random.words[r], 8));
      const __m512 least = _mm512_mul_ps(u, scaled_bound);
      const __mmask16 minus = _mm512_cmp_ps_mask(least, value, _CMP_NLT_UQ);
      sign[r] = _mm512_mask_or_epi32(sign[r], minus, sign[r], bit);
    }
    bit = _mm512_add_epi32(bit, bit);
  }
  for (std::size_t r = 0; r < kRegisters; ++r) _mm512_storeu_si512(signs + r * kWidth, sign[r]);
}

// One whole block each, for whole_blocks.h.
struct Blocks {
  using Philox = avx512::Philox;

  static void ternary(const float* v, const Philox& philox, std::size_t first_word,
                      float scaled_bound, std::uint32_t* signs, std::uint32_t* voted) {
    ternary_block(v, philox, first_word, _mm512_set1_ps(scaled_bound), signs, voted);
  }
  static void sign(const float* v, const Philox& philox, std::size_t first_word, float scaled_bound,
                   std::uint32_t* signs) {
    sign_block(v, philox, first_word, _mm512_set1_ps(scaled_bound), signs);
  }
};

}  // namespace

void pack_stochastic_ternary(const float* v, std::size_t first, std::size_t d, float bound,
                             CoinAddress coin, std::uint32_t* signs, std::uint32_t* voted) {
  WholeBlocks<Blocks>::pack_stochastic_ternary(v, first, d, bound, coin, signs, voted);
}

void pack_stochastic_sign(const float* v, std::size_t first, std::size_t d, float bound,
                          CoinAddress coin, std::uint32_t* signs) {
  WholeBlocks<Blocks>::pack_stochastic_sign(v, first, d, bound, coin, signs);
}

}  // namespace psephos::kernels::avx512

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
