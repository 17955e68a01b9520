#pragma once
// 512 bits, for tally_tree.h and decide_registers.h. Included behind the target pragma.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "platforms/kernels/x86_chunk.h"

namespace psephos::kernels::avx512 {

struct Bits {
  static constexpr std::size_t kWords = 16;
  static constexpr std::size_t kChunk = kX86Chunk;
  __m512i bits;

  static Bits load(const std::uint32_t* words) { return {_mm512_loadu_si512(words)}; }
  static void store(std::uint32_t* words, Bits r) { _mm512_storeu_si512(words, r.bits); }
  static Bits zero() { return {_mm512_setzero_si512()}; }
  static Bits ones() { return {_mm512_set1_epi32(-1)}; }
  static Bits either(Bits a, Bits b) { return {_mm512_xor_si512(a.bits, b.bits)}; }
  static Bits both(Bits a, Bits b) { return {_mm512_and_si512(a.bits, b.bits)}; }
  static Bits any(Bits a, Bits b) { return {_mm512_or_si512(a.bits, b.bits)}; }
  static Bits flipped(Bits a) { return either(a, ones()); }
  // The majority of three bits, and their parity, are one instruction each.
  static Bits add(Bits& sum, Bits a, Bits b) {
    const Bits carry = {_mm512_ternarylogic_epi32(sum.bits, a.bits, b.bits, 0xE8)};
    sum = {_mm512_ternarylogic_epi32(sum.bits, a.bits, b.bits, 0x96)};
    return carry;
  }
};

}  // namespace psephos::kernels::avx512
