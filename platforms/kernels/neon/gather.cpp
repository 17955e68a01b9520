#include "platforms/kernels/neon/neon.h"

#if defined(PSEPHOS_NEON)

#include <bit>

#include "platforms/kernels/bit_stream.h"
#include "platforms/kernels/neon/words.h"
#include "platforms/kernels/portable/gather.h"

#if defined(__arm__)
#pragma GCC target("fpu=neon")
#endif

// ARM has no pext and pdep. Four words at once: bits are moved together within every byte by the
// compress method of Warren, "Hacker's Delight", 7-4 (moves by 1, 2 and 4, each decided by the
// parity of the gaps below a bit), then bytes within halves, then halves within words, by the
// counts of their bits. Scattering does the same backwards.

namespace psephos::kernels::neon {
namespace {

constexpr std::size_t kMoves = 3;

// by[k]: which bits of a byte move down by 2^k, as they lie before that move.
struct Moves {
  uint8x16_t by[kMoves];
};
constexpr std::uint8_t kDistance[kMoves] = {1, 2, 4};

// Bit i of every byte: the parity of its bits 0..i, as a carry-less product with all ones.
uint8x16_t parity_up_to(uint8x16_t bytes) {
  const poly8x16_t ones = vreinterpretq_p8_u8(vdupq_n_u8(0xFF));
  return vreinterpretq_u8_p8(vmulq_p8(vreinterpretq_p8_u8(bytes), ones));
}

Moves moves_of(uint8x16_t mask) {
  Moves moves;
  uint8x16_t gaps = vaddq_u8(~mask, ~mask);
  for (std::size_t k = 0; k < kMoves; ++k) {
    const uint8x16_t odd = parity_up_to(gaps);
    moves.by[k] = odd & mask;
    mask = (mask ^ moves.by[k]) | (moves.by[k] >> kDistance[k]);
    gaps &= ~odd;
  }
  return moves;
}

// Bits of every byte, half and word of a voted plane.
struct Counts {
  uint8x16_t bytes;
  uint16x8_t halves;
  uint32x4_t words;
};

Counts counts_of(uint32x4_t voted) {
  const uint8x16_t bytes = vcntq_u8(vreinterpretq_u8_u32(voted));
  const uint16x8_t halves = vpaddlq_u8(bytes);
  return {bytes, halves, vpaddlq_u16(halves)};
}

// How far the upper byte of a half, and the upper half of a word, moves: the count of the lower.
int16x8_t byte_shift(const Counts& counts) {
  return vreinterpretq_s16_u16(vreinterpretq_u16_u8(counts.bytes) & vdupq_n_u16(0xFF));
}
int32x4_t half_shift(const Counts& counts) {
  return vreinterpretq_s32_u32(vreinterpretq_u32_u16(counts.halves) & vdupq_n_u32(0xFFFF));
}

uint32x4_t gather(uint32x4_t signs, uint32x4_t voted, const Counts& counts) {
  const Moves moves = moves_of(vreinterpretq_u8_u32(voted));
  uint8x16_t bytes = vreinterpretq_u8_u32(signs & voted);
  for (std::size_t k = 0; k < kMoves; ++k) {
    const uint8x16_t moving = bytes & moves.by[k];
    bytes = (bytes ^ moving) | (moving >> kDistance[k]);
  }
  const uint16x8_t pairs = vreinterpretq_u16_u8(bytes);
  const uint16x8_t halves =
      (pairs & vdupq_n_u16(0xFF)) | vshlq_u16(vshrq_n_u16(pairs, 8), byte_shift(counts));
  const uint32x4_t fours = vreinterpretq_u32_u16(halves);
  return (fours & vdupq_n_u32(0xFFFF)) | vshlq_u32(vshrq_n_u32(fours, 16), half_shift(counts));
}

// Bits of `bits` above a word's count are ignored.
uint32x4_t scatter(uint32x4_t bits, uint32x4_t voted, const Counts& counts) {
  const uint32x4_t upper_halves = vshlq_u32(bits, vnegq_s32(half_shift(counts)));
  const uint16x8_t halves =
      vreinterpretq_u16_u32((bits & vdupq_n_u32(0xFFFF)) | vshlq_n_u32(upper_halves, 16));
  const uint16x8_t upper_bytes = vshlq_u16(halves, vnegq_s16(byte_shift(counts)));
  uint8x16_t bytes =
      vreinterpretq_u8_u16((halves & vdupq_n_u16(0xFF)) | vshlq_n_u16(upper_bytes, 8));
  const Moves moves = moves_of(vreinterpretq_u8_u32(voted));
  for (std::size_t k = kMoves; k-- > 0;) {
    // by[k] marks where bits came from, which is where they go back to.
    bytes = vbslq_u8(moves.by[k], bytes << kDistance[k], bytes);
  }
  return vreinterpretq_u32_u8(bytes) & voted;
}

}  // namespace

void gather_signs(const std::uint32_t* signs, const std::uint32_t* voted, std::size_t words,
                  std::uint8_t* out) {
  BitWriter writer(out);
  std::size_t w = 0;
  for (; w + kWidth <= words; w += kWidth) {
    const uint32x4_t mask = vld1q_u32(voted + w);
    const Counts counts = counts_of(mask);
    std::uint32_t bits[kWidth];
    std::uint32_t count[kWidth];
    vst1q_u32(bits, gather(vld1q_u32(signs + w), mask, counts));
    vst1q_u32(count, counts.words);
    for (std::size_t k = 0; k < kWidth; ++k) writer.write(bits[k], count[k]);
  }
  for (; w < words; ++w) {
    writer.write(portable::gather_bits(signs[w], voted[w]),
                 static_cast<unsigned>(std::popcount(voted[w])));
  }
  writer.finish();
}

void scatter_signs(const std::uint8_t* in, std::size_t bytes, const std::uint32_t* voted,
                   std::size_t words, std::uint32_t* signs) {
  BitReader reader(in, bytes);
  std::size_t w = 0;
  for (; w + kWidth <= words; w += kWidth) {
    const uint32x4_t mask = vld1q_u32(voted + w);
    const Counts counts = counts_of(mask);
    std::uint32_t bits[kWidth];
    std::uint32_t count[kWidth];
    vst1q_u32(count, counts.words);
    for (std::size_t k = 0; k < kWidth; ++k) bits[k] = reader.read(count[k]);
    vst1q_u32(signs + w, scatter(vld1q_u32(bits), mask, counts));
  }
  for (; w < words; ++w) {
    const auto count = static_cast<unsigned>(std::popcount(voted[w]));
    signs[w] = portable::scatter_bits(reader.read(count), voted[w]);
  }
}

}  // namespace psephos::kernels::neon

#endif
