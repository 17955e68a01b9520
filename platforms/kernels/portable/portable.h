#pragma once
// The portable kernels one by one, for the table in kernels.cpp alone. What each does is written in
// platforms/kernels/kernels.h; these bodies are its meaning to the bit.

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
void merge_counters(CounterPlanes into, const std::uint32_t* from, std::size_t from_plane_count);
void decide(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
            std::uint32_t margin, std::uint32_t* signs, std::uint32_t* decided);
void apply(float* x, std::size_t d, const std::uint32_t* signs, const std::uint32_t* voted,
           float step, float keep);
void momentum(float* m, const float* g, std::size_t d, float beta);
double sum_abs(const float* v, std::size_t d);
double sum_squares(const float* v, std::size_t d);
bool all_finite(const float* v, std::size_t d);
std::uint64_t count_ones(const std::uint32_t* words, std::size_t count);
void normalise(const std::uint8_t* bytes, std::size_t count, float scale, float offset, float* out);

}  // namespace psephos::kernels::portable
