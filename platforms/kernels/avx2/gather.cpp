#include "platforms/kernels/avx2/avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

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
  BitReader reader(in, bytes);
  for (std::size_t w = 0; w < words; ++w) {
    const auto count = static_cast<unsigned>(_mm_popcnt_u32(voted[w]));
    signs[w] = _pdep_u32(reader.read(count), voted[w]);
  }
}

}  // namespace psephos::kernels::avx2

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
