#include "platforms/limits/x86.h"

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#else
#pragma GCC target("avx512f")
#endif

#include "platforms/limits/wide_loops.h"

namespace psephos::limits {
namespace {

struct Register {
  static constexpr std::size_t kWords = 16;
  using Words = __m512i;
  using Floats = __m512;
  static Words load(const std::uint32_t* words) { return _mm512_loadu_si512(words); }
  static void store(std::uint32_t* words, Words r) { _mm512_storeu_si512(words, r); }
  static Words either(Words a, Words b) { return _mm512_xor_si512(a, b); }
  static Floats spread(float x) { return _mm512_set1_ps(x); }
  static Floats load(const float* x) { return _mm512_loadu_ps(x); }
  static void store(float* x, Floats r) { _mm512_storeu_ps(x, r); }
  static Floats product(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats sum(Floats a, Floats b) { return _mm512_add_ps(a, b); }
};

}  // namespace

const Limits& avx512_limits() {
  using Loops = WideLoops<Register>;
  static constexpr Limits kLimits = {
      .name = "avx512", .read = Loops::read, .scale = Loops::scale, .update = Loops::update};
  return kLimits;
}

}  // namespace psephos::limits

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
