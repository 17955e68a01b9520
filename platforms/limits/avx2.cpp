#include "platforms/limits/x86.h"

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif

#include "platforms/limits/wide_loops.h"

namespace psephos::limits {
namespace {

struct Register {
  static constexpr std::size_t kWords = 8;
  using Words = __m256i;
  using Floats = __m256;
  static Words load(const std::uint32_t* words) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
  }
  static void store(std::uint32_t* words, Words r) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), r);
  }
  static Words either(Words a, Words b) { return _mm256_xor_si256(a, b); }
  static Floats spread(float x) { return _mm256_set1_ps(x); }
  static Floats load(const float* x) { return _mm256_loadu_ps(x); }
  static void store(float* x, Floats r) { _mm256_storeu_ps(x, r); }
  static Floats product(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Floats sum(Floats a, Floats b) { return _mm256_add_ps(a, b); }
};

}  // namespace

const Limits& avx2_limits() {
  using Loops = WideLoops<Register>;
  static constexpr Limits kLimits = {
      .name = "avx2", .read = Loops::read, .scale = Loops::scale, .update = Loops::update};
  return kLimits;
}

}  // namespace psephos::limits

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
