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

constexpr std::size_t kWidth = 16;                             // floats of a register
constexpr std::size_t kRegisters = portable::kLanes / kWidth;  // for one word of every lane

// What is packed: the vector itself, or the momentum that the gradient moves it to.
struct Plain {
  const float* v;
  __m512i at(std::size_t i) const {
    prefetch_ahead(v + i);
    return _mm512_loadu_si512(v + i);
  }
};

struct Momentum {
  float* m;
  const float* g;
  __m512 beta;
  __m512 rest;
  __m512i at(std::size_t i) const {
    prefetch_ahead(m + i);
    prefetch_ahead(g + i);
    const __m512 kept = _mm512_mul_ps(_mm512_loadu_ps(m + i), beta);
    const __m512 moved = _mm512_add_ps(kept, _mm512_mul_ps(_mm512_loadu_ps(g + i), rest));
    _mm512_storeu_ps(m + i, moved);
    return _mm512_castps_si512(moved);
  }
};

__m512i top_bits() { return _mm512_set1_epi32(static_cast<int>(portable::kTopBit)); }
__m512i magnitudes() { return _mm512_set1_epi32(portable::kMagnitude); }

// plane / 2 with the top bits of `bits` shifted in, in those of `where`.
__m512i shifted_in(__m512i plane, __m512i bits) {
  constexpr int kFirstOrBothOthers = 0xF8;
  return _mm512_ternarylogic_epi32(_mm512_srli_epi32(plane, 1), bits, top_bits(),
                                   kFirstOrBothOthers);
}
__m512i shifted_in(__m512i plane, __mmask16 where) {
  const __m512i shifted = _mm512_srli_epi32(plane, 1);
  return _mm512_mask_or_epi32(shifted, where, shifted, top_bits());
}

struct SignAlone {
  void put(__m512i bits, __m512i& sign, __m512i&) const { sign = shifted_in(sign, bits); }
};

struct SignAndZero {
  void put(__m512i bits, __m512i& sign, __m512i& zero) const {
    sign = shifted_in(sign, bits);
    zero = shifted_in(zero, _mm512_testn_epi32_mask(bits, magnitudes()));
  }
};

struct SignAndVote {
  __m512i threshold;  // bits of a magnitude: integers compare like the magnitudes do
  void put(__m512i bits, __m512i& sign, __m512i& voted) const {
    const __mmask16 vote = _mm512_cmpgt_epi32_mask(_mm512_and_si512(bits, magnitudes()), threshold);
    sign = shifted_in(sign, _mm512_maskz_mov_epi32(vote, bits));
    voted = shifted_in(voted, vote);
  }
};

template <class Source, class Rule>
void pack_full_block(const Source& source, const Rule& rule, std::uint32_t* first,
                     std::uint32_t* second) {
  __m512i a[kRegisters];
  __m512i b[kRegisters];
  for (std::size_t r = 0; r < kRegisters; ++r) a[r] = b[r] = _mm512_setzero_si512();
  for (std::size_t j = 0; j < portable::kRows; ++j) {
    for (std::size_t r = 0; r < kRegisters; ++r) {
      rule.put(source.at(j * portable::kLanes + r * kWidth), a[r], b[r]);
    }
  }
  for (std::size_t r = 0; r < kRegisters; ++r) {
    _mm512_storeu_si512(first + r * kWidth, a[r]);
    _mm512_storeu_si512(second + r * kWidth, b[r]);
  }
}

// merge_coins of a full block: its 32 words are eight Philox blocks.
void merge_block_coins(const Philox& philox, std::size_t first_word, const std::uint32_t* zeros,
                       std::uint32_t* signs) {
  const __m512i zero[kRegisters] = {_mm512_loadu_si512(zeros), _mm512_loadu_si512(zeros + kWidth)};
  const __m512i any = _mm512_or_si512(zero[0], zero[1]);
  if (_mm512_test_epi32_mask(any, any) == 0) return;
  const Philox::RandomWords coins = random_words(philox, first_word / 4);
  constexpr __mmask16 kUpperHalves = 0xAAAA;
  const __m512i low =
      _mm512_mask_mov_epi32(coins.word[0], kUpperHalves, _mm512_slli_epi64(coins.word[1], 32));
  const __m512i high =
      _mm512_mask_mov_epi32(coins.word[2], kUpperHalves, _mm512_slli_epi64(coins.word[3], 32));
  const __m512i order[kRegisters] = {_mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11),
                                     _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15)};
  for (std::size_t r = 0; r < kRegisters; ++r) {
    const __m512i coin = _mm512_permutex2var_epi64(low, order[r], high);
    constexpr int kChoose = 0xCA;  // bits of coin where zero, else of signs
    const __m512i merged =
        _mm512_ternarylogic_epi32(zero[r], coin, _mm512_loadu_si512(signs + r * kWidth), kChoose);
    _mm512_storeu_si512(signs + r * kWidth, merged);
  }
}

// One whole block each, for whole_blocks.h.
struct Blocks {
  using Philox = avx512::Philox;

  static void merge_coins(const Philox& philox, std::size_t first_word, const std::uint32_t* zeros,
                          std::uint32_t* signs) {
    merge_block_coins(philox, first_word, zeros, signs);
  }
  static void pack_bits(const float* v, std::uint32_t* signs) {
    std::uint32_t nothing[portable::kLanes];
    pack_full_block(Plain{v}, SignAlone{}, signs, nothing);
  }
  static void pack_signs(const float* v, std::uint32_t* signs, std::uint32_t* zeros) {
    pack_full_block(Plain{v}, SignAndZero{}, signs, zeros);
  }
  static void signum(float* m, const float* g, float beta, std::uint32_t* signs,
                     std::uint32_t* zeros) {
    const Momentum momentum{m, g, _mm512_set1_ps(beta), _mm512_set1_ps(1.0F - beta)};
    pack_full_block(momentum, SignAndZero{}, signs, zeros);
  }
  static void pack_threshold(const float* v, std::uint32_t threshold, std::uint32_t* signs,
                             std::uint32_t* voted) {
    const SignAndVote rule{_mm512_set1_epi32(static_cast<int>(threshold))};
    pack_full_block(Plain{v}, rule, signs, voted);
  }
};

}  // namespace

void pack_bits(const float* v, std::size_t d, std::uint32_t* signs) {
  WholeBlocks<Blocks>::pack_bits(v, d, signs);
}

void pack_signs(const float* v, std::size_t d, CoinAddress coin, std::uint32_t* signs) {
  WholeBlocks<Blocks>::pack_signs(v, d, coin, signs);
}

void signum(float* m, const float* g, std::size_t d, float beta, CoinAddress coin,
            std::uint32_t* signs) {
  WholeBlocks<Blocks>::signum(m, g, d, beta, coin, signs);
}

void pack_threshold(const float* v, std::size_t d, float threshold, std::uint32_t* signs,
                    std::uint32_t* voted) {
  WholeBlocks<Blocks>::pack_threshold(v, d, threshold, signs, voted);
}

}  // namespace psephos::kernels::avx512

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
