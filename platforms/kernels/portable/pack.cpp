#include <algorithm>

#include "platforms/kernels/philox.h"
#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels::portable {
namespace {

// Two words whose top bits are what one float contributes to two planes.
struct TopBits {
  std::uint32_t first;
  std::uint32_t second;
};

// Sign, and whether the value is a zero: only the magnitude 0 borrows from the top bit.
struct SignAndZero {
  TopBits operator()(float v) const {
    const std::uint32_t bits = float_bits(v);
    return {bits & kTopBit, ((bits & kMagnitude) - 1) & kTopBit};
  }
};

// Sign and vote. Magnitudes of finite floats compare like their bits, so the comparison is integer
// arithmetic and no denormal can be flushed away under it.
struct SignAndVote {
  std::uint32_t threshold;
  TopBits operator()(float v) const {
    const std::uint32_t bits = float_bits(v);
    const std::uint32_t vote = (threshold - (bits & kMagnitude)) & kTopBit;
    return {bits & vote, vote};
  }
};

template <class Bits>
void pack_full_block(const float* v, Bits bits, std::uint32_t* first, std::uint32_t* second) {
  // Local accumulators: the compiler need not fear that a store changes v.
  std::uint32_t a[kLanes] = {};
  std::uint32_t b[kLanes] = {};
  for (std::size_t j = 0; j < kRows; ++j) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      const TopBits top = bits(v[j * kLanes + l]);
      a[l] = (a[l] >> 1) | top.first;
      b[l] = (b[l] >> 1) | top.second;
    }
  }
  std::copy_n(a, kLanes, first);
  std::copy_n(b, kLanes, second);
}

// The last block: `count` < 1024 parameters. Its last rows may be missing or cut short, so bits are
// put straight where they belong instead of being shifted down row by row.
template <class Bits>
void pack_short_block(const float* v, std::size_t count, Bits bits, std::uint32_t* first,
                      std::uint32_t* second) {
  const std::size_t lanes = lanes_of(count);
  std::fill_n(first, lanes, 0);
  std::fill_n(second, lanes, 0);
  for (std::size_t j = 0; j * lanes < count; ++j) {
    const float* row = v + j * lanes;
    const std::size_t width = std::min(lanes, count - j * lanes);
    for (std::size_t l = 0; l < width; ++l) {
      const TopBits top = bits(row[l]);
      first[l] |= top.first >> (31 - j);
      second[l] |= top.second >> (31 - j);
    }
  }
}

template <class Bits>
void pack_block(const float* v, std::size_t count, Bits bits, std::uint32_t* first,
                std::uint32_t* second) {
  if (count == kBlock) {
    pack_full_block(v, bits, first, second);
  } else {
    pack_short_block(v, count, bits, first, second);
  }
}

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
