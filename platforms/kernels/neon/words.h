#pragma once
// Four words at a time, and one at a time with the same names for the rest: what the bit-sliced
// kernels of this folder are written in. The operators & | ^ ~ work on both. Private to this
// folder; to be included under PSEPHOS_NEON.

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#if defined(__arm__)
#pragma GCC push_options
#pragma GCC target("fpu=neon")
#endif

namespace psephos::kernels::neon {

struct Quad {
  using Word = uint32x4_t;
  static Word all(std::uint32_t word) { return vdupq_n_u32(word); }
  static Word load(const std::uint32_t* from) { return vld1q_u32(from); }
  static void store(std::uint32_t* to, Word words) { vst1q_u32(to, words); }
  // Bits of `yes` where the mask's are 1, else of `no`.
  static Word select(Word mask, Word yes, Word no) { return vbslq_u32(mask, yes, no); }
};

struct Single {
  using Word = std::uint32_t;
  static Word all(std::uint32_t word) { return word; }
  static Word load(const std::uint32_t* from) { return *from; }
  static void store(std::uint32_t* to, Word word) { *to = word; }
  static Word select(Word mask, Word yes, Word no) { return (mask & yes) | (~mask & no); }
};

inline constexpr std::size_t kWidth = 4;  // words or floats of a register

// Calls step(Quad or Single, w) so that every w < words is covered once, in order.
template <class Step>
void for_words(std::size_t words, Step step) {
  std::size_t w = 0;
  for (; w + kWidth <= words; w += kWidth) step(Quad{}, w);
  for (; w < words; ++w) step(Single{}, w);
}

inline bool any_bit(uint32x4_t words) {
  const uint64x2_t halves = vreinterpretq_u64_u32(words);
  return (vgetq_lane_u64(halves, 0) | vgetq_lane_u64(halves, 1)) != 0;
}

}  // namespace psephos::kernels::neon

#if defined(__arm__)
#pragma GCC pop_options
#endif
