#pragma once
// 256 bits, for tally_tree.h and decide_registers.h. Included behind the target pragma.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "platforms/kernels/x86_chunk.h"

namespace psephos::kernels::avx2 {

struct Bits {
  static constexpr std::size_t kWords = 8;
  static constexpr std::size_t kChunk = kX86Chunk;
  __m256i bits;

  static Bits load(const std::uint32_t* words) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(words))};
  }
  static void store(std::uint32_t* words, Bits r) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), r.bits);
  }
  static Bits zero() { return {_mm256_setzero_si256()}; }
  static Bits ones() { return {_mm256_set1_epi32(-1)}; }
  static Bits either(Bits a, Bits b) { return {_mm256_xor_si256(a.bits, b.bits)}; }
  static Bits both(Bits a, Bits b) { return {_mm256_and_si256(a.bits, b.bits)}; }
  static Bits any(Bits a, Bits b) { return {_mm256_or_si256(a.bits, b.bits)}; }
  static Bits flipped(Bits a) { return either(a, ones()); }
  static Bits add(Bits& sum, Bits a, Bits b) {
    const Bits half = either(sum, a);
    const Bits carry = any(both(sum, a), both(half, b));
    sum = either(half, b);
    return carry;
  }
};

}  // namespace psephos::kernels::avx2
