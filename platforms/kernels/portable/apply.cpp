#include <algorithm>

#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels::portable {
namespace {

// x * keep + delta with delta = -step or +step where voted, else -0.0: adding -0.0 changes no
// number, not even a zero, so the product is left as it is without a branch.
inline float moved(float x, float keep, std::uint32_t step, std::uint32_t sign_word,
                   std::uint32_t voted_word, std::size_t row) {
  const std::uint32_t sign = (sign_word << (31 - row)) & kTopBit;
  const std::uint32_t voted = std::uint32_t{0} - ((voted_word >> row) & 1);
  const std::uint32_t delta = ((step ^ sign) & voted) ^ kTopBit;
  return x * keep + std::bit_cast<float>(delta);
}

void apply_full_block(float* __restrict x, const std::uint32_t* signs, const std::uint32_t* voted,
                      std::uint32_t step, float keep) {
  for (std::size_t j = 0; j < kRows; ++j) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      float& value = x[j * kLanes + l];
      value = moved(value, keep, step, signs[l], voted[l], j);
    }
  }
}

void apply_short_block(float* __restrict x, std::size_t count, const std::uint32_t* signs,
                       const std::uint32_t* voted, std::uint32_t step, float keep) {
  const std::size_t lanes = lanes_of(count);
  for (std::size_t j = 0; j * lanes < count; ++j) {
    const std::size_t width = std::min(lanes, count - j * lanes);
    for (std::size_t l = 0; l < width; ++l) {
      float& value = x[j * lanes + l];
      value = moved(value, keep, step, signs[l], voted[l], j);
    }
  }
}

struct AllOnes {
  std::uint32_t words[kLanes];
  constexpr AllOnes() : words{} { std::fill_n(words, kLanes, ~std::uint32_t{0}); }
};

}  // namespace

void apply(float* x, std::size_t d, const std::uint32_t* signs, const std::uint32_t* voted,
           float step, float keep) {
  static constexpr AllOnes kEverything;
  for (std::size_t start = 0; start < d; start += kBlock) {
    const std::size_t count = std::min(kBlock, d - start);
    const std::size_t word = start / kRows;
    const std::uint32_t* mask = voted == nullptr ? kEverything.words : voted + word;
    if (count == kBlock) {
      apply_full_block(x + start, signs + word, mask, float_bits(step), keep);
    } else {
      apply_short_block(x + start, count, signs + word, mask, float_bits(step), keep);
    }
  }
}

void momentum(float* __restrict m, const float* __restrict g, std::size_t d, float beta) {
  const float rest = 1.0F - beta;
  for (std::size_t i = 0; i < d; ++i) m[i] = m[i] * beta + g[i] * rest;
}

void normalise(const std::uint8_t* __restrict bytes, std::size_t count, float scale, float offset,
               float* __restrict out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(bytes[i]) * scale + offset;
}

}  // namespace psephos::kernels::portable
