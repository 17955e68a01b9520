#pragma once
// How a block of floats becomes one word or two of every lane, whatever the bits mean. Private to
// the portable kernels.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels::portable {

// Two words whose top bits are what one float contributes to two planes.
struct TopBits {
  std::uint32_t first;
  std::uint32_t second;
};

// Bits: TopBits operator()(float v, std::size_t i) of the i-th parameter of the block.
template <class Bits>
void pack_full_block(const float* v, Bits bits, std::uint32_t* first, std::uint32_t* second) {
  // Local accumulators: the compiler need not fear that a store changes v.
  std::uint32_t a[kLanes] = {};
  std::uint32_t b[kLanes] = {};
  for (std::size_t j = 0; j < kRows; ++j) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      const TopBits top = bits(v[j * kLanes + l], j * kLanes + l);
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
      const TopBits top = bits(row[l], j * lanes + l);
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

}  // namespace psephos::kernels::portable
