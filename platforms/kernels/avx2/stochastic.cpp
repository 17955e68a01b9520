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

constexpr std::size_t kWidth = 8;
constexpr std::size_t kRegisters = portable::kLanes / kWidth;

// The memory of the next block, asked for evenly while this one is worked on: making random words
// reads nothing, and a processor waits for some sixteen lines at a time.
class NextBlock {
 public:
  // `v`: this block.
  explicit NextBlock(const float* v) : line_(v) {}

  void ask_for(std::size_t lines) {
    constexpr std::size_t kFloatsOfALine = 16;
    for (; lines > 0; --lines, line_ += kFloatsOfALine) prefetch_ahead<kBlockAheadBytes>(line_);
  }

 private:
  const float* line_;
};

// The random words of 32 rows from `first_row` on. Apart from the packing, which needs the
// registers.
void fill_random(const Philox& philox, std::size_t first_row, NextBlock& next,
                 std::uint32_t* words) {
  const __m256i first = _mm256_set1_epi64x(static_cast<long long>(first_row * kWidth));
  const __m256i row = Philox::product_of(_mm256_set1_epi64x(kWidth));
  // In this order of lanes, shuffling leaves the generators in theirs.
  __m256i a = Philox::product_of(_mm256_add_epi64(first, _mm256_setr_epi64x(0, 1, 4, 5)));
  __m256i b = Philox::product_of(_mm256_add_epi64(first, _mm256_setr_epi64x(2, 3, 6, 7)));
  for (std::size_t j = 0; j < portable::kRows; ++j) {
    next.ask_for(1);
    // Two registers at once; the chains of four would spill, and take longer.
    const __m256i products[2] = {a, b};
    Philox::RandomWords random[2];
    philox.from<2>(products, random);
    for (std::size_t r = 0; r < kRegisters; ++r) {
      const __m256 eight =
          _mm256_shuffle_ps(_mm256_castsi256_ps(random[0].word[r]),
                            _mm256_castsi256_ps(random[1].word[r]), _MM_SHUFFLE(2, 0, 2, 0));
      _mm256_store_si256(reinterpret_cast<__m256i*>(words + j * portable::kLanes + r * kWidth),
                         _mm256_castps_si256(eight));
    }
    a = _mm256_add_epi64(a, row);
    b = _mm256_add_epi64(b, row);
  }
}

__m256i load(const std::uint32_t* words) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
}

void store(std::uint32_t* words, __m256i bits) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), bits);
}

// Planes grow by bytes: byte g of a word belongs to rows 8g to 8g + 7, so that rows j, j + 8, j +
// 16 and j + 24 are dealt with at once. From the last row of each to the first: bytes are doubled
// and a row's bit, -1 or 0, is subtracted.
constexpr std::size_t kBytes = 4;
constexpr std::size_t kRowsOfAByte = portable::kRows / kBytes;

// The sign bits of eight lanes of four rows as the top bits of bytes, -1 and 0 as they are: byte
// 4g + l of either half is lane l of row g.
__m256i bytes_of(const __m256i (&rows)[kBytes]) {
  return _mm256_packs_epi16(_mm256_packs_epi32(rows[0], rows[1]),
                            _mm256_packs_epi32(rows[2], rows[3]));
}

__m256i appended(__m256i plane, __m256i bits) {
  return _mm256_sub_epi8(_mm256_add_epi8(plane, plane), bits);
}

// A plane's bytes, put together as words.
__m256i words_of(__m256i plane) {
  return _mm256_shuffle_epi8(
      plane, _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,  //
                              0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
}

void ternary_lanes(const float* v, const std::uint32_t* words, __m256 scaled_bound, NextBlock& next,
                   std::uint32_t* signs, std::uint32_t* voted) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(portable::kMagnitude));
  const __m256i zero = _mm256_setzero_si256();
  __m256i sign = zero;
  __m256i vote = zero;
  for (std::size_t j = kRowsOfAByte; j-- > 0;) {
    next.ask_for(1);
    __m256i values[kBytes];
    __m256i wins[kBytes];
    for (std::size_t g = 0; g < kBytes; ++g) {
      const std::size_t i = (j + g * kRowsOfAByte) * portable::kLanes;
      const __m256 value = _mm256_loadu_ps(v + i);
      const __m256 u = _mm256_cvtepi32_ps(_mm256_srli_epi32(load(words + i), 8));
      values[g] = _mm256_castps_si256(value);
      wins[g] = _mm256_castps_si256(_mm256_cmp_ps(_mm256_mul_ps(u, scaled_bound),
                                                  _mm256_and_ps(value, magnitude), _CMP_LT_OQ));
    }
    vote = appended(vote, bytes_of(wins));
    sign = appended(sign, _mm256_cmpgt_epi8(zero, bytes_of(values)));
  }
  store(signs, words_of(_mm256_and_si256(sign, vote)));
  store(voted, words_of(vote));
}

void sign_lanes(const float* v, const std::uint32_t* words, __m256 scaled_bound, NextBlock& next,
                std::uint32_t* signs) {
  __m256i sign = _mm256_setzero_si256();
  for (std::size_t j = kRowsOfAByte; j-- > 0;) {
    next.ask_for(1);
    __m256i minus[kBytes];
    for (std::size_t g = 0; g < kBytes; ++g) {
      const std::size_t i = (j + g * kRowsOfAByte) * portable::kLanes;
      const __m256 u = _mm256_cvtepi32_ps(_mm256_srai_epi32(load(words + i), 8));
      minus[g] = _mm256_castps_si256(
          _mm256_cmp_ps(_mm256_mul_ps(u, scaled_bound), _mm256_loadu_ps(v + i), _CMP_NLT_UQ));
    }
    sign = appended(sign, bytes_of(minus));
  }
  store(signs, words_of(sign));
}

// One whole block each, for whole_blocks.h.
struct Blocks {
  using Philox = avx2::Philox;

  static void ternary(const float* v, const Philox& philox, std::size_t first_word,
                      float scaled_bound, std::uint32_t* signs, std::uint32_t* voted) {
    alignas(64) std::uint32_t words[portable::kBlock];
    NextBlock next(v);
    fill_random(philox, first_word, next, words);
    const __m256 scale = _mm256_set1_ps(scaled_bound);
    for (std::size_t l = 0; l < portable::kLanes; l += kWidth) {
      ternary_lanes(v + l, words + l, scale, next, signs + l, voted + l);
    }
  }
  static void sign(const float* v, const Philox& philox, std::size_t first_word, float scaled_bound,
                   std::uint32_t* signs) {
    alignas(64) std::uint32_t words[portable::kBlock];
    NextBlock next(v);
    fill_random(philox, first_word, next, words);
    const __m256 scale = _mm256_set1_ps(scaled_bound);
    for (std::size_t l = 0; l < portable::kLanes; l += kWidth) {
      sign_lanes(v + l, words + l, scale, next, signs + l);
    }
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

}  // namespace psephos::kernels::avx2

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
