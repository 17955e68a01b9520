#include "platforms/kernels/neon/neon.h"

#if defined(PSEPHOS_NEON)

#include "platforms/kernels/neon/words.h"
#include "platforms/kernels/portable/portable.h"

#if defined(__arm__)
#pragma GCC target("fpu=neon")
#endif

#include "platforms/kernels/whole_blocks.h"

namespace psephos::kernels::neon {
namespace {

using portable::kBlock;
using portable::kLanes;
using portable::kRows;

uint32x4_t bits_at(const float* v) { return vreinterpretq_u32_f32(vld1q_f32(v)); }

// The row's top bits enter the words from above, whose other bits move down: one SRI. It overwrites
// the row, not the words, so the loops below alternate between two sets of words; with one set the
// compiler copies every result back.
uint32x4_t push(uint32x4_t words, uint32x4_t row) { return vsriq_n_u32(row, words, 1); }

void pack_bits_block(const float* v, std::uint32_t* signs) {
  constexpr std::size_t kRegisters = kLanes / kWidth;
  uint32x4_t even[kRegisters];
  uint32x4_t odd[kRegisters];
  for (std::size_t r = 0; r < kRegisters; ++r) even[r] = vdupq_n_u32(0);
#pragma GCC unroll 2
  for (std::size_t j = 0; j < kRows; j += 2) {
    const float* row = v + j * kLanes;
    for (std::size_t r = 0; r < kRegisters; ++r) {
      odd[r] = push(even[r], bits_at(row + r * kWidth));
    }
    for (std::size_t r = 0; r < kRegisters; ++r) {
      even[r] = push(odd[r], bits_at(row + kLanes + r * kWidth));
    }
  }
  for (std::size_t r = 0; r < kRegisters; ++r) vst1q_u32(signs + r * kWidth, even[r]);
}

// Zeros need every bit of a float, and a second SRI per four floats would not fit the budget. So
// sixteen floats are loaded at once, their bytes taken apart by place: the top bytes carry the
// signs, one SRI for sixteen of them, and a float is zero where all its bytes are, the sign bit
// aside. Eight rows fill a byte of every lane; storing the bytes back interleaved makes the words.
void pack_signs_block(const float* v, std::uint32_t* signs, std::uint32_t* zeros) {
  constexpr std::size_t kByteLanes = 16;
  constexpr std::size_t kParts = kLanes / kByteLanes;
  uint8x16x4_t sign[kParts];
  uint8x16x4_t zero[kParts];
  for (std::size_t place = 0; place < 4; ++place) {
    uint8x16_t sign_byte[kParts];
    uint8x16_t zero_byte[kParts];
    for (std::size_t p = 0; p < kParts; ++p) sign_byte[p] = zero_byte[p] = vdupq_n_u8(0);
#pragma GCC unroll 4
    for (std::size_t j = 8 * place; j < 8 * (place + 1); ++j) {
      for (std::size_t p = 0; p < kParts; ++p) {
        const float* sixteen = v + j * kLanes + p * kByteLanes;
        const uint8x16x4_t bytes = vld4q_u8(reinterpret_cast<const std::uint8_t*>(sixteen));
        const uint8x16_t low = bytes.val[0] | bytes.val[1] | bytes.val[2];
        const uint8x16_t any = low | vaddq_u8(bytes.val[3], bytes.val[3]);
        sign_byte[p] = vsriq_n_u8(bytes.val[3], sign_byte[p], 1);
        zero_byte[p] = vsriq_n_u8(vceqq_u8(any, vdupq_n_u8(0)), zero_byte[p], 1);
      }
    }
    for (std::size_t p = 0; p < kParts; ++p) {
      sign[p].val[place] = sign_byte[p];
      zero[p].val[place] = zero_byte[p];
    }
  }
  for (std::size_t p = 0; p < kParts; ++p) {
    vst4q_u8(reinterpret_cast<std::uint8_t*>(signs + p * kByteLanes), sign[p]);
    vst4q_u8(reinterpret_cast<std::uint8_t*>(zeros + p * kByteLanes), zero[p]);
  }
}

// Registers of each plane's words: both planes of a pass over the block stay in registers, of which
// ARMv7 has sixteen, and a 64-bit processor thirty-two.
#if defined(__aarch64__)
constexpr std::size_t kTwoPlaneRegisters = 8;
#else
constexpr std::size_t kTwoPlaneRegisters = 4;
#endif

// Magnitudes of finite floats compare like their bits, doubled to lose the sign.
void pack_threshold_lanes(const float* v, uint32x4_t doubled_threshold, std::uint32_t* signs,
                          std::uint32_t* voted) {
  uint32x4_t sign[2][kTwoPlaneRegisters];
  uint32x4_t vote[2][kTwoPlaneRegisters];
  for (std::size_t r = 0; r < kTwoPlaneRegisters; ++r) sign[0][r] = vote[0][r] = vdupq_n_u32(0);
  for (std::size_t j = 0; j < kRows; j += 2) {
    for (std::size_t k = 0; k < 2; ++k) {
      for (std::size_t r = 0; r < kTwoPlaneRegisters; ++r) {
        const uint32x4_t bits = bits_at(v + (j + k) * kLanes + r * kWidth);
        const uint32x4_t over = vcgtq_u32(vaddq_u32(bits, bits), doubled_threshold);
        vote[1 - k][r] = push(vote[k][r], over);
        sign[1 - k][r] = push(sign[k][r], bits);
      }
    }
  }
  for (std::size_t r = 0; r < kTwoPlaneRegisters; ++r) {
    vst1q_u32(signs + r * kWidth, sign[0][r] & vote[0][r]);
    vst1q_u32(voted + r * kWidth, vote[0][r]);
  }
}

// portable::merge_coins of a whole block, sixteen words at a time.
void merge_coins_of_block(std::size_t first_word, const CoinAddress& coin,
                          const std::uint32_t* zeros, std::uint32_t* signs) {
  constexpr std::size_t kWords = 16;
  for (std::size_t start = 0; start < kLanes; start += kWords) {
    uint32x4_t any = vdupq_n_u32(0);
    for (std::size_t l = start; l < start + kWords; l += kWidth) any |= vld1q_u32(zeros + l);
    if (!any_bit(any)) continue;
    std::uint32_t coins[kWords];
    philox_words((first_word + start) / 4, coin, coins);
    for (std::size_t k = 0; k < kWords; k += kWidth) {
      std::uint32_t* target = signs + start + k;
      const uint32x4_t mask = vld1q_u32(zeros + start + k);
      vst1q_u32(target, vbslq_u32(mask, vld1q_u32(coins + k), vld1q_u32(target)));
    }
  }
}

// One whole block each, for whole_blocks.h.
struct Blocks {
  using Philox = CoinAddress;

  static void merge_coins(const CoinAddress& coin, std::size_t first_word,
                          const std::uint32_t* zeros, std::uint32_t* signs) {
    merge_coins_of_block(first_word, coin, zeros, signs);
  }
  static void pack_bits(const float* v, std::uint32_t* signs) { pack_bits_block(v, signs); }
  static void pack_signs(const float* v, std::uint32_t* signs, std::uint32_t* zeros) {
    pack_signs_block(v, signs, zeros);
  }
  // Momentum by the portable twin: it vectorises on 64-bit processors and is VFP on ARMv7. Packing
  // then finds the block in the level-one cache.
  static void signum(float* m, const float* g, float beta, std::uint32_t* signs,
                     std::uint32_t* zeros) {
    portable::momentum(m, g, kBlock, beta);
    pack_signs_block(m, signs, zeros);
  }
  static void pack_threshold(const float* v, std::uint32_t threshold, std::uint32_t* signs,
                             std::uint32_t* voted) {
    constexpr std::size_t kPass = kTwoPlaneRegisters * kWidth;
    for (std::size_t l = 0; l < kLanes; l += kPass) {
      pack_threshold_lanes(v + l, vdupq_n_u32(threshold << 1), signs + l, voted + l);
    }
  }
};

}  // namespace

void pack_bits(const float* v, std::size_t d, std::uint32_t* signs) {
  WholeBlocks<Blocks>::pack_bits(v, d, signs);
}

void pack_signs(const float* v, std::size_t d, CoinAddress coin, std::uint32_t* signs) {
  WholeBlocks<Blocks>::pack_signs(v, d, coin, signs);
}

void signum(float* m, const float* g, std::size_t d, float beta, CoinAddress coin,
            std::uint32_t* signs) {
  WholeBlocks<Blocks>::signum(m, g, d, beta, coin, signs);
}

void pack_threshold(const float* v, std::size_t d, float threshold, std::uint32_t* signs,
                    std::uint32_t* voted) {
  WholeBlocks<Blocks>::pack_threshold(v, d, threshold, signs, voted);
}

}  // namespace psephos::kernels::neon

#endif
