#pragma once
// Kernels over whole blocks of 1024 parameters by a processor's own code, and over the short block
// at the end by the portable twin's. Included by a processor's files behind their target pragma,
// with a class P whose static functions do one whole block:
//
//   pack.cpp        P::Philox, of avx2/philox.h or the like; merge_coins(philox, first_word, zeros,
//                   signs); pack_bits(v, signs); pack_signs(v, signs, zeros); signum(m, g, beta,
//                   signs, zeros); pack_threshold(v, threshold's bits, signs, voted)
//   stochastic.cpp  P::Philox; ternary(v, philox, first_word, scaled bound, signs, voted);
//                   sign(v, philox, first_word, scaled bound, signs)
//   apply.cpp       apply(x, signs, voted or null, step's bits, keep)
//
// Private to the kernels.

#include <cstddef>
#include <cstdint>

#include "platforms/kernels/portable/portable.h"
#include "platforms/kernels/prefetch.h"

namespace psephos::kernels {

template <class P>
class WholeBlocks {
 public:
  static void pack_bits(const float* v, std::size_t d, std::uint32_t* signs) {
    const std::size_t whole = each(
        d, [&](std::size_t start, std::size_t word) { P::pack_bits(v + start, signs + word); });
    portable::pack_bits(v + whole, d - whole, signs + whole / portable::kRows);
  }

  static void pack_signs(const float* v, std::size_t d, const CoinAddress& coin,
                         std::uint32_t* signs) {
    const typename P::Philox philox(coin);
    std::uint32_t zeros[portable::kLanes];
    const std::size_t whole = each(d, [&](std::size_t start, std::size_t word) {
      P::pack_signs(v + start, signs + word, zeros);
      keep_memory_busy(v + start + portable::kBlock);
      P::merge_coins(philox, word, zeros, signs + word);
    });
    if (whole < d) pack_short_block(v, whole, d, coin, signs);
  }

  static void signum(float* m, const float* g, std::size_t d, float beta, const CoinAddress& coin,
                     std::uint32_t* signs) {
    const typename P::Philox philox(coin);
    std::uint32_t zeros[portable::kLanes];
    const std::size_t whole = each(d, [&](std::size_t start, std::size_t word) {
      P::signum(m + start, g + start, beta, signs + word, zeros);
      P::merge_coins(philox, word, zeros, signs + word);
    });
    if (whole == d) return;
    portable::momentum(m + whole, g + whole, d - whole, beta);
    pack_short_block(m, whole, d, coin, signs);
  }

  static void pack_threshold(const float* v, std::size_t d, float threshold, std::uint32_t* signs,
                             std::uint32_t* voted) {
    const std::uint32_t magnitude = portable::float_bits(threshold) & portable::kMagnitude;
    const std::size_t whole = each(d, [&](std::size_t start, std::size_t word) {
      P::pack_threshold(v + start, magnitude, signs + word, voted + word);
    });
    const std::size_t word = whole / portable::kRows;
    portable::pack_threshold(v + whole, d - whole, threshold, signs + word, voted + word);
  }

  static void pack_stochastic_ternary(const float* v, std::size_t first, std::size_t d, float bound,
                                      const CoinAddress& coin, std::uint32_t* signs,
                                      std::uint32_t* voted) {
    const typename P::Philox philox(coin);
    const std::size_t whole = each(reach(d, bound), [&](std::size_t start, std::size_t word) {
      P::ternary(v + start, philox, first / portable::kRows + word, bound * 0x1p-24F, signs + word,
                 voted + word);
    });
    portable::pack_stochastic_ternary_from(v, whole, first, d, bound, coin, signs, voted);
  }

  static void pack_stochastic_sign(const float* v, std::size_t first, std::size_t d, float bound,
                                   const CoinAddress& coin, std::uint32_t* signs) {
    const typename P::Philox philox(coin);
    const std::size_t whole = each(reach(d, bound), [&](std::size_t start, std::size_t word) {
      P::sign(v + start, philox, first / portable::kRows + word, bound * 0x1p-23F, signs + word);
    });
    portable::pack_stochastic_sign_from(v, whole, first, d, bound, coin, signs);
  }

  static void apply(float* x, std::size_t d, const std::uint32_t* signs, const std::uint32_t* voted,
                    float step, float keep) {
    const std::uint32_t step_bits = portable::float_bits(step);
    const auto voted_from = [voted](std::size_t word) {
      return voted == nullptr ? nullptr : voted + word;
    };
    const std::size_t whole = each(d, [&](std::size_t start, std::size_t word) {
      P::apply(x + start, signs + word, voted_from(word), step_bits, keep);
    });
    const std::size_t word = whole / portable::kRows;
    portable::apply(x + whole, d - whole, signs + word, voted_from(word), step, keep);
  }

 private:
  // Below this, B * 2^-24 may be no float; else it is exact, and multiplying a random number by it
  // rounds like the two multiplications of the specification.
  static constexpr float kLeastBound = 0x1p-100F;

  static std::size_t reach(std::size_t d, float bound) { return bound < kLeastBound ? 0 : d; }

  // body(first parameter, first word) of every whole block; returns where they end.
  template <class Body>
  static std::size_t each(std::size_t d, const Body& body) {
    const std::size_t whole = d - d % portable::kBlock;
    for (std::size_t start = 0; start < whole; start += portable::kBlock) {
      body(start, start / portable::kRows);
    }
    return whole;
  }

  // While coins are made nothing is read: asks for what packing would have asked for meanwhile, the
  // block at `next` being read next. Tried from none to 32 lines.
  static void keep_memory_busy(const float* next) {
    constexpr std::size_t kLines = 8;
    constexpr std::size_t kFloatsOfALine = 16;
    for (std::size_t line = 0; line < kLines; ++line) prefetch_ahead(next + line * kFloatsOfALine);
  }

  static void pack_short_block(const float* v, std::size_t start, std::size_t d,
                               const CoinAddress& coin, std::uint32_t* signs) {
    const std::size_t word = start / portable::kRows;
    portable::pack_sign_block(v + start, d - start, word, coin, signs + word);
  }
};

}  // namespace psephos::kernels
