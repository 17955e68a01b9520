#pragma once
// The portable kernels one by one, for the table in kernels.cpp alone. What each does is written in
// platforms/kernels/kernels.h; these bodies are its meaning to the bit.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "platforms/kernels/kernels.h"

namespace psephos::kernels::portable {

inline constexpr std::size_t kLanes = 32;
inline constexpr std::size_t kRows = 32;
inline constexpr std::size_t kBlock = kLanes * kRows;

inline constexpr std::uint32_t kTopBit = 0x80000000;
inline constexpr std::uint32_t kMagnitude = 0x7FFFFFFF;

inline std::uint32_t float_bits(float v) { return std::bit_cast<std::uint32_t>(v); }

// Lanes of a block that holds `count` parameters: 32 unless it is the last, short one.
constexpr std::size_t lanes_of(std::size_t count) { return (count + kRows - 1) / kRows; }

// Bits of the two's complement number net = voted + all_voters - 2 * negative: one more than its
// widest term takes, and a sign.
inline constexpr std::size_t kMaxNetBits = 32 + 1 + 2;
inline std::size_t net_bits(const CounterPlanes& negative, const CounterPlanes& voted,
                            std::uint32_t all_voters, std::uint32_t margin) {
  const auto width = [](std::uint32_t n) { return static_cast<std::size_t>(std::bit_width(n)); };
  return 2 +
         std::max({negative.plane_count + 1, voted.plane_count, width(all_voters), width(margin)});
}

void pack_bits(const float* v, std::size_t d, std::uint32_t* signs);
void pack_signs(const float* v, std::size_t d, CoinAddress coin, std::uint32_t* signs);
// One block of pack_signs, and its second half: `first_word` is its place among all words.
void pack_sign_block(const float* v, std::size_t count, std::size_t first_word,
                     const CoinAddress& coin, std::uint32_t* signs);
void merge_coins(std::size_t first_word, std::size_t lanes, const CoinAddress& coin,
                 const std::uint32_t* zeros, std::uint32_t* signs);
void signum(float* m, const float* g, std::size_t d, float beta, CoinAddress coin,
            std::uint32_t* signs);
void pack_threshold(const float* v, std::size_t d, float threshold, std::uint32_t* signs,
                    std::uint32_t* voted);
void pack_stochastic_ternary(const float* v, std::size_t first, std::size_t d, float bound,
                             CoinAddress coin, std::uint32_t* signs, std::uint32_t* voted);
void pack_stochastic_sign(const float* v, std::size_t first, std::size_t d, float bound,
                          CoinAddress coin, std::uint32_t* signs);
// The same from parameter `first` on, which begins a block.
void pack_stochastic_ternary_from(const float* v, std::size_t begin, std::size_t first,
                                  std::size_t d, float bound, const CoinAddress& coin,
                                  std::uint32_t* signs, std::uint32_t* voted);
void pack_stochastic_sign_from(const float* v, std::size_t begin, std::size_t first, std::size_t d,
                               float bound, const CoinAddress& coin, std::uint32_t* signs);
void gather_signs(const std::uint32_t* signs, const std::uint32_t* voted, std::size_t words,
                  std::uint8_t* out);
void scatter_signs(const std::uint8_t* in, std::size_t bytes, const std::uint32_t* voted,
                   std::size_t words, std::uint32_t* signs);
std::size_t rice_encode(const std::uint32_t* bits, std::size_t words, unsigned parameter,
                        std::uint8_t* remainders, std::uint8_t* quotients);
bool rice_decode(const RiceCode& code, std::uint32_t* bits, std::size_t words);
void pack_trits(const std::uint32_t* signs, const std::uint32_t* voted, std::size_t words,
                std::uint8_t* out);
bool unpack_trits(const std::uint8_t* in, std::size_t words, std::uint32_t* signs,
                  std::uint32_t* voted);
void count_planes(CounterPlanes counter, const std::uint32_t* const* planes, std::size_t count);
// The same of words `first` to `end` alone.
void count_words(const CounterPlanes& counter, const std::uint32_t* const* planes,
                 std::size_t count, std::size_t first, std::size_t end);
void merge_counters(CounterPlanes into, const std::uint32_t* from, std::size_t from_plane_count);
// The same from word `first` on.
void merge_words(const CounterPlanes& into, const std::uint32_t* from, std::size_t from_plane_count,
                 std::size_t first);
void decide(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
            std::uint32_t margin, std::uint32_t* signs, std::uint32_t* decided);
// The same from word `first` on.
void decide_words(const CounterPlanes& negative, const CounterPlanes& voted,
                  std::uint32_t all_voters, std::uint32_t margin, std::size_t first,
                  std::uint32_t* signs, std::uint32_t* decided);
void net_counts16(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
                  std::size_t d, std::int16_t* net);
void net_counts32(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
                  std::size_t d, std::int32_t* net);
void apply(float* x, std::size_t d, const std::uint32_t* signs, const std::uint32_t* voted,
           float step, float keep);
void momentum(float* m, const float* g, std::size_t d, float beta);
double sum_abs(const float* v, std::size_t d);
double sum_squares(const float* v, std::size_t d);
bool all_finite(const float* v, std::size_t d);
std::uint64_t count_ones(const std::uint32_t* words, std::size_t count);
void normalise(const std::uint8_t* bytes, std::size_t count, float scale, float offset, float* out);

}  // namespace psephos::kernels::portable
