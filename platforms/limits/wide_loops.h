#pragma once
// The limits in wide registers. Included by avx2.cpp and avx512.cpp behind their target pragmas,
// with a register type R of their own:
//
//   R::kWords, R::Words           32-bit words, or floats, of a register
//   R::load(words), R::store(words, r), R::either(a, b)   at any address; a ^ b
//   R::Floats, R::spread(x), R::load(x), R::store(x, r), R::product(a, b), R::sum(a, b)
//
// Private to platforms/limits.

#include <cstddef>
#include <cstdint>

namespace psephos::limits {

template <class R>
class WideLoops {
 public:
  static std::uint32_t read(const std::uint32_t* words, std::size_t count) {
    constexpr std::size_t kAccumulators = 8;
    constexpr std::size_t kStride = kAccumulators * R::kWords;
    typename R::Words sums[kAccumulators] = {};
    std::size_t i = 0;
    for (; i + kStride <= count; i += kStride) {
#pragma GCC unroll 8
      for (std::size_t k = 0; k < kAccumulators; ++k) {
        sums[k] = R::either(sums[k], R::load(words + i + k * R::kWords));
      }
    }
    std::uint32_t total = 0;
    for (const typename R::Words& sum : sums) {
      std::uint32_t lanes[R::kWords];
      R::store(lanes, sum);
      for (const std::uint32_t lane : lanes) total ^= lane;
    }
    for (; i < count; ++i) total ^= words[i];
    return total;
  }

  static void scale(float* x, std::size_t count, float factor) {
    const auto factors = R::spread(factor);
    std::size_t i = 0;
    for (; i + kUnrolled <= count; i += kUnrolled) {
#pragma GCC unroll 4
      for (std::size_t k = 0; k < kUnrolled; k += R::kWords) {
        R::store(x + i + k, R::product(R::load(x + i + k), factors));
      }
    }
    for (; i < count; ++i) x[i] *= factor;
  }

  static void update(float* x, const float* y, std::size_t count) {
    std::size_t i = 0;
    for (; i + kUnrolled <= count; i += kUnrolled) {
#pragma GCC unroll 4
      for (std::size_t k = 0; k < kUnrolled; k += R::kWords) {
        R::store(x + i + k, R::sum(R::load(x + i + k), R::load(y + i + k)));
      }
    }
    for (; i < count; ++i) x[i] += y[i];
  }

 private:
  static constexpr std::size_t kUnrolled = 4 * R::kWords;
};

}  // namespace psephos::limits
