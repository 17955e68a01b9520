#pragma once
// Single words of gather_signs and scatter_signs.

#include <bit>
#include <cstdint>

namespace psephos::kernels::portable {

// The bits of `word` under `mask`, moved together at the low end (what x86 calls pext).
inline std::uint32_t gather_bits(std::uint32_t word, std::uint32_t mask) {
  if (mask == ~std::uint32_t{0}) return word;
  std::uint32_t gathered = 0;
  for (unsigned n = 0; mask != 0; ++n, mask &= mask - 1) {
    gathered |= ((word >> std::countr_zero(mask)) & 1) << n;
  }
  return gathered;
}

// Its inverse (pdep): the low bits of `bits` spread over the places of `mask`.
inline std::uint32_t scatter_bits(std::uint32_t bits, std::uint32_t mask) {
  if (mask == ~std::uint32_t{0}) return bits;
  std::uint32_t scattered = 0;
  for (; mask != 0; mask &= mask - 1, bits >>= 1) {
    scattered |= (mask & (0 - mask)) & (0 - (bits & 1));
  }
  return scattered;
}

}  // namespace psephos::kernels::portable
