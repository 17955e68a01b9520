#include "bench/kernels/counters.h"

#include <algorithm>

#include "runtime/signs/layout.h"

namespace psephos::bench {
namespace {

constexpr std::size_t kRows = 32;         // bits of a word
constexpr std::size_t kBlocksAtOnce = 8;  // 16 KiB of counters

using Planes = std::span<const std::uint32_t* const>;

// Blocks [first, last) of one ballot.
[[gnu::always_inline]] inline void add_ballot(const std::uint32_t* __restrict words,
                                              std::size_t first, std::size_t last,
                                              std::int16_t* __restrict net) {
  for (std::size_t block = first; block < last; ++block) {
    const std::uint32_t* lanes = words + block * kBlockWords;
    for (std::size_t j = 0; j < kRows; ++j) {
      std::int16_t* row = net + block * kBlockParameters + j * kBlockWords;
      for (std::size_t l = 0; l < kBlockWords; ++l) {
        const std::uint32_t bit = (lanes[l] >> j) & 1;
        row[l] = static_cast<std::int16_t>(row[l] + 1 - static_cast<std::int16_t>(2 * bit));
      }
    }
  }
}

[[gnu::always_inline]] inline void read_decision(const std::int16_t* __restrict net,
                                                 std::size_t first, std::size_t last,
                                                 std::uint32_t* __restrict decision) {
  for (std::size_t block = first; block < last; ++block) {
    std::uint32_t lanes[kBlockWords] = {};
    for (std::size_t j = 0; j < kRows; ++j) {
      const std::int16_t* row = net + block * kBlockParameters + j * kBlockWords;
      for (std::size_t l = 0; l < kBlockWords; ++l) {
        lanes[l] |= static_cast<std::uint32_t>(row[l] < 0) << j;
      }
    }
    std::copy_n(lanes, kBlockWords, decision + block * kBlockWords);
  }
}

// All ballots into `step` blocks after the other.
[[gnu::always_inline]] inline void count_in_layout(Planes ballots, std::size_t blocks,
                                                   std::size_t step, std::int16_t* net,
                                                   std::uint32_t* decision) {
  std::fill_n(net, blocks * kBlockParameters, std::int16_t{0});
  for (std::size_t first = 0; first < blocks; first += step) {
    const std::size_t last = std::min(first + step, blocks);
    for (const std::uint32_t* ballot : ballots) add_ballot(ballot, first, last, net);
    read_decision(net, first, last, decision);
  }
}

using Count = void (*)(Planes, std::size_t blocks, std::size_t step, std::int16_t* net,
                       std::uint32_t* decision);

void count_baseline(Planes ballots, std::size_t blocks, std::size_t step, std::int16_t* net,
                    std::uint32_t* decision) {
  count_in_layout(ballots, blocks, step, net, decision);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void count_avx2(Planes ballots, std::size_t blocks, std::size_t step,
                                        std::int16_t* net, std::uint32_t* decision) {
  count_in_layout(ballots, blocks, step, net, decision);
}

// GCC keeps to 256 bits unless it is told; Clang does not know the word.
#if defined(__clang__)
#define PSEPHOS_AVX512 "avx512f,avx512bw,avx512vl"
#else
#define PSEPHOS_AVX512 "avx512f,avx512bw,avx512vl,prefer-vector-width=512"
#endif
[[gnu::target(PSEPHOS_AVX512)]] void count_avx512(Planes ballots, std::size_t blocks,
                                                  std::size_t step, std::int16_t* net,
                                                  std::uint32_t* decision) {
  count_in_layout(ballots, blocks, step, net, decision);
}
#endif

Count best_count() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) return count_avx512;
  if (__builtin_cpu_supports("avx2")) return count_avx2;
#endif
  return count_baseline;
}

}  // namespace

void count_linear(Planes ballots, std::size_t parameters, std::int16_t* net,
                  std::uint32_t* decision) {
  std::fill_n(net, parameters, std::int16_t{0});
  for (const std::uint32_t* ballot : ballots) {
    for (std::size_t i = 0; i < parameters; ++i) {
      net[i] = static_cast<std::int16_t>(net[i] + ((ballot[i / 32] >> (i % 32)) & 1 ? -1 : 1));
    }
  }
  std::fill_n(decision, word_count(parameters), 0);
  for (std::size_t i = 0; i < parameters; ++i) {
    decision[i / 32] |= static_cast<std::uint32_t>(net[i] < 0) << (i % 32);
  }
}

void count_vectorised(Planes ballots, std::size_t parameters, std::int16_t* net,
                      std::uint32_t* decision) {
  const std::size_t blocks = parameters / kBlockParameters;
  best_count()(ballots, blocks, blocks, net, decision);
}

void count_blocked(Planes ballots, std::size_t parameters, std::int16_t* net,
                   std::uint32_t* decision) {
  best_count()(ballots, parameters / kBlockParameters, kBlocksAtOnce, net, decision);
}

void pack_by_shifts(const float* v, std::size_t parameters, std::uint32_t* signs) {
  for (std::size_t w = 0; w < parameters / 32; ++w) {
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 32; ++k) {
      word <<= 1;
      word |= static_cast<std::uint32_t>(v[32 * w + k] < 0);
    }
    signs[w] = word;
  }
}

}  // namespace psephos::bench
