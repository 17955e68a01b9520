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
  // A shuffle, because shifts share their two ports with the multiplications.
  static Vector upper(Vector v) { return _mm256_shuffle_epi32(v, _MM_SHUFFLE(3, 3, 1, 1)); }
  static Vector either(Vector a, Vector b) { return _mm256_xor_si256(a, b); }
  static Vector parity(Vector a, Vector b, Vector c) { return either(either(a, b), c); }
};

using Philox = PhiloxLanes<Lanes>;

}  // namespace psephos::kernels::avx2
