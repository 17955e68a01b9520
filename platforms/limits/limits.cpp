#include "platforms/limits/limits.h"

#include <vector>

#include "platforms/limits/x86.h"

namespace psephos::limits {
namespace {

// The compiler vectorises these for what every processor of the family has.
constexpr std::size_t kAccumulators = 8;
constexpr std::size_t kWidth = 4;  // words of a 128-bit register
constexpr std::size_t kStride = kAccumulators * kWidth;

std::uint32_t read(const std::uint32_t* words, std::size_t count) {
  std::uint32_t sums[kStride] = {};
  std::size_t i = 0;
  for (; i + kStride <= count; i += kStride) {
    for (std::size_t k = 0; k < kStride; ++k) sums[k] ^= words[i + k];
  }
  std::uint32_t total = 0;
  for (const std::uint32_t sum : sums) total ^= sum;
  for (; i < count; ++i) total ^= words[i];
  return total;
}

void scale(float* x, std::size_t count, float factor) {
  for (std::size_t i = 0; i < count; ++i) x[i] *= factor;
}

void update(float* __restrict x, const float* __restrict y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) x[i] += y[i];
}

constexpr Limits kBaseline = {.name = "baseline", .read = read, .scale = scale, .update = update};

}  // namespace

std::span<const Limits* const> runnable_limits() {
  static const std::vector<const Limits*> limits = [] {
    std::vector<const Limits*> runnable{&kBaseline};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) runnable.push_back(&avx2_limits());
    if (__builtin_cpu_supports("avx512f")) runnable.push_back(&avx512_limits());
#endif
    return runnable;
  }();
  return limits;
}

}  // namespace psephos::limits
