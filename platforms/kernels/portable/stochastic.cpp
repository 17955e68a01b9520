#include <algorithm>

#include "platforms/kernels/philox.h"
#include "platforms/kernels/portable/pack_block.h"
#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels::portable {
namespace {

constexpr std::size_t kGenerators = 8;  // of a row: each fills four of its 32 words

// The random words of parameters `first` (a multiple of 1024) to first + count - 1, filled up to
// whole rows.
void fill_random(std::size_t first, std::size_t count, const CoinAddress& address,
                 std::uint32_t* words) {
  const std::uint64_t first_row = first / kLanes;
  const std::size_t rows = (count + kLanes - 1) / kLanes;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t g = 0; g < kGenerators; ++g) {
      const std::uint64_t index = (first_row + row) * kGenerators + g;
      const PhiloxBlock block =
          philox4x32({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                      address.round, address.purpose},
                     {address.key[0], address.key[1]});
      for (std::size_t k = 0; k < block.size(); ++k) {
        words[row * kLanes + k * kGenerators + g] = block[k];
      }
    }
  }
}

struct SignByChance {
  const std::uint32_t* words;
  float bound;
  TopBits operator()(float v, std::size_t i) const {
    const float unit = static_cast<float>(static_cast<std::int32_t>(words[i]) >> 8) * 0x1p-23F;
    return {unit * bound < v ? 0 : kTopBit, 0};
  }
};

struct VoteByChance {
  const std::uint32_t* words;
  float bound;
  TopBits operator()(float v, std::size_t i) const {
    const std::uint32_t bits = float_bits(v);
    // 24 bits: as a signed number, which processors convert faster, it is the same.
    const float unit = static_cast<float>(static_cast<std::int32_t>(words[i] >> 8)) * 0x1p-24F;
    const bool vote = unit * bound < std::bit_cast<float>(bits & kMagnitude);
    return {vote ? bits & kTopBit : 0, vote ? kTopBit : 0};
  }
};

}  // namespace

void pack_stochastic_ternary_from(const float* v, std::size_t begin, std::size_t first,
                                  std::size_t d, float bound, const CoinAddress& coin,
                                  std::uint32_t* signs, std::uint32_t* voted) {
  std::uint32_t words[kBlock];
  for (std::size_t start = begin; start < d; start += kBlock) {
    const std::size_t count = std::min(kBlock, d - start);
    fill_random(first + start, count, coin, words);
    pack_block(v + start, count, VoteByChance{words, bound}, signs + start / kRows,
               voted + start / kRows);
  }
}

void pack_stochastic_sign_from(const float* v, std::size_t begin, std::size_t first, std::size_t d,
                               float bound, const CoinAddress& coin, std::uint32_t* signs) {
  std::uint32_t words[kBlock];
  std::uint32_t nothing[kLanes];
  for (std::size_t start = begin; start < d; start += kBlock) {
    const std::size_t count = std::min(kBlock, d - start);
    fill_random(first + start, count, coin, words);
    pack_block(v + start, count, SignByChance{words, bound}, signs + start / kRows, nothing);
  }
}

void pack_stochastic_ternary(const float* v, std::size_t first, std::size_t d, float bound,
                             CoinAddress coin, std::uint32_t* signs, std::uint32_t* voted) {
  pack_stochastic_ternary_from(v, 0, first, d, bound, coin, signs, voted);
}

void pack_stochastic_sign(const float* v, std::size_t first, std::size_t d, float bound,
                          CoinAddress coin, std::uint32_t* signs) {
  pack_stochastic_sign_from(v, 0, first, d, bound, coin, signs);
}

}  // namespace psephos::kernels::portable
