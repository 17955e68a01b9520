#include "platforms/kernels/avx2/avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

#include "platforms/kernels/bit_stream.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi2,popcnt"))), apply_to = function)
#else
#pragma GCC target("avx2,bmi2,popcnt")
#endif

namespace psephos::kernels::avx2 {

void gather_signs(const std::uint32_t* signs, const std::uint32_t* voted, std::size_t words,
                  std::uint8_t* out) {
  BitWriter writer(out);
  for (std::size_t w = 0; w < words; ++w) {
    writer.write(_pext_u32(signs[w], voted[w]), static_cast<unsigned>(_mm_popcnt_u32(voted[w])));
  }
  writer.finish();
}

void scatter_signs(const std::uint8_t* in, std::size_t bytes, const std::uint32_t* voted,
                   std::size_t words, std::uint32_t* signs) {
  // While eight bytes are there: where a word's bits begin depends on the counts before it alone.
  std::size_t at = 0;  // bits
  std::size_t w = 0;
  for (; w < words && at / 8 + sizeof(std::uint64_t) <= bytes; ++w) {
    std::uint64_t next;
    std::memcpy(&next, in + at / 8, sizeof next);
    signs[w] = _pdep_u32(static_cast<std::uint32_t>(next >> (at % 8)), voted[w]);
    at += static_cast<std::size_t>(_mm_popcnt_u32(voted[w]));
  }
  BitReader reader(in + at / 8, bytes - at / 8);
  reader.read(static_cast<unsigned>(at % 8));
  for (; w < words; ++w) {
    const auto count = static_cast<unsigned>(_mm_popcnt_u32(voted[w]));
    signs[w] = _pdep_u32(reader.read(count), voted[w]);
  }
}

}  // namespace psephos::kernels::avx2

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
