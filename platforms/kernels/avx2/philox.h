#pragma once
// Four Philox generators side by side. Included behind the target pragma.

#include <immintrin.h>

#include <cstdint>

#include "platforms/kernels/philox_lanes.h"

namespace psephos::kernels::avx2 {

struct Lanes {
  using Vector = __m256i;
  static Vector spread(std::uint32_t word) { return _mm256_set1_epi64x(word); }
  static Vector product(Vector a, Vector b) { return _mm256_mul_epu32(a, b); }
  static Vector upper(Vector v) { return _mm256_srli_epi64(v, 32); }
  static Vector either(Vector a, Vector b) { return _mm256_xor_si256(a, b); }
  static Vector parity(Vector a, Vector b, Vector c) { return either(either(a, b), c); }
};

using Philox = PhiloxLanes<Lanes>;

}  // namespace psephos::kernels::avx2
