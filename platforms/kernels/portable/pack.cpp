#include <algorithm>

#include "platforms/kernels/philox.h"
#include "platforms/kernels/portable/pack_block.h"
#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels::portable {
namespace {

struct SignAlone {
  TopBits operator()(float v, std::size_t) const { return {float_bits(v) & kTopBit, 0}; }
};

// Sign, and whether the value is a zero: only the magnitude 0 borrows from the top bit.
struct SignAndZero {
  TopBits operator()(float v, std::size_t) const {
    const std::uint32_t bits = float_bits(v);
    return {bits & kTopBit, ((bits & kMagnitude) - 1) & kTopBit};
  }
};

// Sign and vote. Magnitudes of finite floats compare like their bits, so the comparison is integer
// arithmetic and no denormal can be flushed away under it.
struct SignAndVote {
  std::uint32_t threshold;
  TopBits operator()(float v, std::size_t) const {
    const std::uint32_t bits = float_bits(v);
    const std::uint32_t vote = (threshold - (bits & kMagnitude)) & kTopBit;
    return {bits & vote, vote};
  }
};

}  // namespace

// Replaces the sign bits of zeros by coins. One Philox block serves four words and is drawn only
// where one of the four holds a zero.
void merge_coins(std::size_t first_word, std::size_t lanes, const CoinAddress& coin,
                 const std::uint32_t* zeros, std::uint32_t* signs) {
  for (std::size_t l = 0; l < lanes; l += 4) {
    const std::size_t width = std::min<std::size_t>(4, lanes - l);
    std::uint32_t any = 0;
    for (std::size_t k = 0; k < width; ++k) any |= zeros[l + k];
    if (any == 0) continue;
    const std::uint64_t index = (first_word + l) / 4;
    const PhiloxBlock words =
        philox4x32({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                    coin.round, coin.purpose},
                   {coin.key[0], coin.key[1]});
    for (std::size_t k = 0; k < width; ++k) {
      signs[l + k] = (signs[l + k] & ~zeros[l + k]) | (words[k] & zeros[l + k]);
    }
  }
}

void pack_sign_block(const float* v, std::size_t count, std::size_t first_word,
                     const CoinAddress& coin, std::uint32_t* signs) {
  std::uint32_t zeros[kLanes];
  pack_block(v, count, SignAndZero{}, signs, zeros);
  merge_coins(first_word, lanes_of(count), coin, zeros, signs);
}

void pack_bits(const float* v, std::size_t d, std::uint32_t* signs) {
  std::uint32_t nothing[kLanes];
  for (std::size_t start = 0; start < d; start += kBlock) {
    pack_block(v + start, std::min(kBlock, d - start), SignAlone{}, signs + start / kRows, nothing);
  }
}

void pack_signs(const float* v, std::size_t d, CoinAddress coin, std::uint32_t* signs) {
  for (std::size_t start = 0; start < d; start += kBlock) {
    const std::size_t word = start / kRows;
    pack_sign_block(v + start, std::min(kBlock, d - start), word, coin, signs + word);
  }
}

void signum(float* m, const float* g, std::size_t d, float beta, CoinAddress coin,
            std::uint32_t* signs) {
  for (std::size_t start = 0; start < d; start += kBlock) {
    const std::size_t count = std::min(kBlock, d - start);
    const std::size_t word = start / kRows;
    momentum(m + start, g + start, count, beta);
    pack_sign_block(m + start, count, word, coin, signs + word);
  }
}

void pack_threshold(const float* v, std::size_t d, float threshold, std::uint32_t* signs,
                    std::uint32_t* voted) {
  const SignAndVote bits{float_bits(threshold) & kMagnitude};
  for (std::size_t start = 0; start < d; start += kBlock) {
    const std::size_t word = start / kRows;
    pack_block(v + start, std::min(kBlock, d - start), bits, signs + word, voted + word);
  }
}

}  // namespace psephos::kernels::portable
