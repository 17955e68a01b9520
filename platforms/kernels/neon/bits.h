#pragma once
// 128 bits, for tally_tree.h and decide_registers.h. Private to this folder; to be included under
// PSEPHOS_NEON.

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#if defined(__arm__)
#pragma GCC push_options
#pragma GCC target("fpu=neon")
#endif

namespace psephos::kernels::neon {

struct Bits {
  static constexpr std::size_t kWords = 4;
  // The counter's planes and sixteen ballots, 1 KiB of each, share a level-one cache of 32 KiB:
  // small processors have no second one to speak of.
  static constexpr std::size_t kChunk = 256;
  uint32x4_t bits;

  static Bits load(const std::uint32_t* words) { return {vld1q_u32(words)}; }
  static void store(std::uint32_t* words, Bits r) { vst1q_u32(words, r.bits); }
  static Bits zero() { return {vdupq_n_u32(0)}; }
  static Bits ones() { return {vdupq_n_u32(~std::uint32_t{0})}; }
  static Bits either(Bits a, Bits b) { return {veorq_u32(a.bits, b.bits)}; }
  static Bits both(Bits a, Bits b) { return {vandq_u32(a.bits, b.bits)}; }
  static Bits any(Bits a, Bits b) { return {vorrq_u32(a.bits, b.bits)}; }
  static Bits flipped(Bits a) { return {vmvnq_u32(a.bits)}; }
  // In three instructions: the carry is a where sum and a agree, else b.
  static Bits add(Bits& sum, Bits a, Bits b) {
    const Bits half = either(sum, a);
    sum = either(half, b);
    return {vbslq_u32(half.bits, b.bits, a.bits)};
  }
};

}  // namespace psephos::kernels::neon

#if defined(__arm__)
#pragma GCC pop_options
#endif
