#include "platforms/kernels/avx2/avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#include "platforms/kernels/portable/portable.h"
#include "platforms/kernels/prefetch.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif

#include "platforms/kernels/avx2/philox.h"
#include "platforms/kernels/whole_blocks.h"

namespace psephos::kernels::avx2 {
namespace {

constexpr std::size_t kWidth = 8;                              // floats of a register
constexpr std::size_t kRegisters = portable::kLanes / kWidth;  // for one word of every lane

__m256i load(const std::uint32_t* words) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
}

void store(std::uint32_t* words, __m256i bits) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), bits);
}

// What is packed: the vector itself, or the momentum that the gradient moves it to.
struct Plain {
  const float* v;
  __m256i at(std::size_t i) const {
    prefetch_ahead(v + i);
    return _mm256_castps_si256(_mm256_loadu_ps(v + i));
  }
};

struct Momentum {
  float* m;
  const float* g;
  __m256 beta;
  __m256 rest;
  __m256i at(std::size_t i) const {
    prefetch_ahead(m + i);
    prefetch_ahead(g + i);
    const __m256 kept = _mm256_mul_ps(_mm256_loadu_ps(m + i), beta);
    const __m256 moved = _mm256_add_ps(kept, _mm256_mul_ps(_mm256_loadu_ps(g + i), rest));
    _mm256_storeu_ps(m + i, moved);
    return _mm256_castps_si256(moved);
  }
};

// The top bits of what one register of floats contributes to two planes; other bits are ignored.
struct TopBits {
  __m256i first;
  __m256i second;
};

struct SignAlone {
  TopBits of(__m256i bits) const { return {bits, _mm256_setzero_si256()}; }
};

struct SignAndZero {
  TopBits of(__m256i bits) const {
    // Doubled as an integer, a zero of either sign is 0.
    return {bits, _mm256_cmpeq_epi32(_mm256_add_epi32(bits, bits), _mm256_setzero_si256())};
  }
};

struct SignAndVote {
  __m256i threshold;  // bits of a magnitude: signed integers compare like the magnitudes do
  TopBits of(__m256i bits) const {
    const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(portable::kMagnitude));
    const __m256i vote = _mm256_cmpgt_epi32(magnitude, threshold);
    return {_mm256_and_si256(bits, vote), vote};
  }
};

__m256i shifted_in(__m256i plane, __m256i bits) {
  const __m256i top = _mm256_set1_epi32(static_cast<int>(portable::kTopBit));
  return _mm256_or_si256(_mm256_srli_epi32(plane, 1), _mm256_and_si256(bits, top));
}

template <class Source, class Rule>
void pack_full_block(const Source& source, const Rule& rule, std::uint32_t* first,
                     std::uint32_t* second) {
  __m256i a[kRegisters];
  __m256i b[kRegisters];
  for (std::size_t r = 0; r < kRegisters; ++r) a[r] = b[r] = _mm256_setzero_si256();
  for (std::size_t j = 0; j < portable::kRows; ++j) {
    for (std::size_t r = 0; r < kRegisters; ++r) {
      const TopBits top = rule.of(source.at(j * portable::kLanes + r * kWidth));
      a[r] = shifted_in(a[r], top.first);
      b[r] = shifted_in(b[r], top.second);
    }
  }
  for (std::size_t r = 0; r < kRegisters; ++r) {
    store(first + r * kWidth, a[r]);
    store(second + r * kWidth, b[r]);
  }
}

// merge_coins of a full block: its 32 words are eight Philox blocks.
void merge_block_coins(const Philox& philox, std::size_t first_word, const std::uint32_t* zeros,
                       std::uint32_t* signs) {
  __m256i any = load(zeros);
  for (std::size_t r = 1; r < kRegisters; ++r) any = _mm256_or_si256(any, load(zeros + r * kWidth));
  if (_mm256_testz_si256(any, any) != 0) return;
  // In this order of lanes, unpacking leaves the words in theirs.
  const __m256i lanes = _mm256_setr_epi64x(0, 2, 1, 3);
  for (std::size_t half = 0; half < 2; ++half) {
    const auto index = static_cast<long long>(first_word / 4 + 4 * half);
    const Philox::RandomWords coins = philox.at(_mm256_add_epi64(_mm256_set1_epi64x(index), lanes));
    const __m256i low =
        _mm256_blend_epi32(coins.word[0], _mm256_slli_epi64(coins.word[1], 32), 0xAA);
    const __m256i high =
        _mm256_blend_epi32(coins.word[2], _mm256_slli_epi64(coins.word[3], 32), 0xAA);
    const __m256i pair[2] = {_mm256_unpacklo_epi64(low, high), _mm256_unpackhi_epi64(low, high)};
    for (std::size_t p = 0; p < 2; ++p) {
      const std::size_t word = (2 * half + p) * kWidth;
      const __m256i zero = load(zeros + word);
      store(signs + word, _mm256_or_si256(_mm256_andnot_si256(zero, load(signs + word)),
                                          _mm256_and_si256(zero, pair[p])));
    }
  }
}

// One whole block each, for whole_blocks.h.
struct Blocks {
  using Philox = avx2::Philox;

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
    const Momentum momentum{m, g, _mm256_set1_ps(beta), _mm256_set1_ps(1.0F - beta)};
    pack_full_block(momentum, SignAndZero{}, signs, zeros);
  }
  static void pack_threshold(const float* v, std::uint32_t threshold, std::uint32_t* signs,
                             std::uint32_t* voted) {
    const SignAndVote rule{_mm256_set1_epi32(static_cast<int>(threshold))};
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

}  // namespace psephos::kernels::avx2

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
