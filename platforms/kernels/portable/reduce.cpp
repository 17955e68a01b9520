#include <algorithm>

#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels::portable {
namespace {

inline constexpr std::size_t kSumLanes = 16;
static_assert(kBlock % kSumLanes == 0);

// The one order in which reductions over parameters run: element i of a block goes to lane i mod
// 16, lanes are folded as a tree, blocks are added in sequence. A compiler may not reorder it, so
// every build gives the same double.
template <class Term>
double ordered_sum(const float* v, std::size_t d, Term term) {
  double total = 0;
  for (std::size_t start = 0; start < d; start += kBlock) {
    const std::size_t count = std::min(kBlock, d - start);
    const float* block = v + start;
    double lanes[kSumLanes] = {};
    std::size_t i = 0;
    for (; i + kSumLanes <= count; i += kSumLanes) {
      for (std::size_t l = 0; l < kSumLanes; ++l) lanes[l] += term(block[i + l]);
    }
    for (std::size_t l = 0; i + l < count; ++l) lanes[l] += term(block[i + l]);
    for (std::size_t half = kSumLanes / 2; half > 0; half /= 2) {
      for (std::size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
    }
    total += lanes[0];
  }
  return total;
}

// Bits set in each of a word's bytes, then in the word. Written out because a build for every
// x86-64 has no popcnt instruction and would call a table look-up per word; this vectorises.
inline std::uint32_t ones_of(std::uint32_t word) {
  word -= (word >> 1) & 0x55555555;
  word = (word & 0x33333333) + ((word >> 2) & 0x33333333);
  word = (word + (word >> 4)) & 0x0F0F0F0F;
  word += word >> 8;
  word += word >> 16;
  return word & 0x3F;
}

}  // namespace

double sum_abs(const float* v, std::size_t d) {
  return ordered_sum(v, d, [](float x) {
    return static_cast<double>(std::bit_cast<float>(float_bits(x) & kMagnitude));
  });
}

double sum_squares(const float* v, std::size_t d) {
  // The square of a float is exact in double.
  return ordered_sum(v, d, [](float x) { return static_cast<double>(x) * static_cast<double>(x); });
}

bool all_finite(const float* v, std::size_t d) {
  constexpr std::uint32_t kExponent = 0x7F800000;
  for (std::size_t start = 0; start < d; start += kBlock) {
    const std::size_t end = std::min(start + kBlock, d);
    std::uint32_t special = 0;
    for (std::size_t i = start; i < end; ++i) {
      // An exponent of all ones, and no other, carries into the top bit.
      special |= (float_bits(v[i]) & kMagnitude) + (kTopBit - kExponent);
    }
    if ((special & kTopBit) != 0) return false;
  }
  return true;
}

std::uint64_t count_ones(const std::uint32_t* words, std::size_t count) {
  constexpr std::size_t kChunk = std::size_t{1} << 20;  // 2^20 * 32 fits a 32-bit sum
  std::uint64_t total = 0;
  for (std::size_t start = 0; start < count; start += kChunk) {
    const std::size_t end = std::min(start + kChunk, count);
    std::uint32_t sum = 0;
    for (std::size_t i = start; i < end; ++i) sum += ones_of(words[i]);
    total += sum;
  }
  return total;
}

}  // namespace psephos::kernels::portable
