#include "platforms/kernels/neon/neon.h"

#if defined(PSEPHOS_NEON)

#include "platforms/kernels/neon/words.h"

#if defined(__arm__)
#pragma GCC target("fpu=neon")
#endif

namespace psephos::kernels::neon {
namespace {

struct Product {
  uint32x4_t low;
  uint32x4_t high;
};

Product multiply(uint32x4_t words, std::uint32_t factor) {
  const uint32x2_t factors = vdup_n_u32(factor);
  const uint64x2_t first = vmull_u32(vget_low_u32(words), factors);
  const uint64x2_t second = vmull_u32(vget_high_u32(words), factors);
  const uint32x4x2_t halves =
      vuzpq_u32(vreinterpretq_u32_u64(first), vreinterpretq_u32_u64(second));
  return {halves.val[0], halves.val[1]};
}

}  // namespace

// philox4x32 (platforms/kernels/philox.h) of four blocks, a lane each.
void philox_words(std::uint64_t index, const CoinAddress& address, std::uint32_t* words) {
  std::uint32_t low[kWidth];
  std::uint32_t high[kWidth];
  for (std::size_t k = 0; k < kWidth; ++k) {
    low[k] = static_cast<std::uint32_t>(index + k);
    high[k] = static_cast<std::uint32_t>((index + k) >> 32);
  }
  uint32x4x4_t counter = {vld1q_u32(low), vld1q_u32(high), vdupq_n_u32(address.round),
                          vdupq_n_u32(address.purpose)};
  std::uint32_t key[2] = {address.key[0], address.key[1]};
  for (int round = 0; round < 10; ++round) {
    const Product a = multiply(counter.val[0], 0xD2511F53);
    const Product b = multiply(counter.val[2], 0xCD9E8D57);
    counter = {b.high ^ counter.val[1] ^ vdupq_n_u32(key[0]), b.low,
               a.high ^ counter.val[3] ^ vdupq_n_u32(key[1]), a.low};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  vst4q_u32(words, counter);
}

}  // namespace psephos::kernels::neon

#endif
