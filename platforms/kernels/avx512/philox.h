#pragma once
// Eight Philox generators side by side. Included behind the target pragma.

#include <immintrin.h>

#include <cstdint>

#include "platforms/kernels/philox_lanes.h"

namespace psephos::kernels::avx512 {

struct Lanes {
  using Vector = __m512i;
  static Vector spread(std::uint32_t word) { return _mm512_set1_epi64(word); }
  static Vector product(Vector a, Vector b) { return _mm512_mul_epu32(a, b); }
  static Vector upper(Vector v) { return _mm512_srli_epi64(v, 32); }
  static Vector either(Vector a, Vector b) { return _mm512_xor_si512(a, b); }
  static Vector parity(Vector a, Vector b, Vector c) {
    return _mm512_ternarylogic_epi32(a, b, c, 0x96);
  }
};

using Philox = PhiloxLanes<Lanes>;

// Blocks first_index to first_index + 7, all below 2^32.
inline Philox::RandomWords random_words(const Philox& philox, std::uint64_t first_index) {
  return philox.at(_mm512_add_epi64(_mm512_set1_epi64(static_cast<long long>(first_index)),
                                    _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7)));
}

}  // namespace psephos::kernels::avx512
