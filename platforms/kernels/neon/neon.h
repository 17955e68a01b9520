#pragma once
// ARM with NEON, on 64-bit processors (where it is always there) and on ARMv7 with hard floats:
// what gains from intrinsics; the rest of the table is the portable one.
//
// On ARMv7 NEON does integer and bit work alone, because its floats flush denormals to zero: apply,
// momentum, normalise and the sums stay with VFP. Only functions under a target pragma use NEON
// there, so that a program still starts on an ARMv7 without it.

#if defined(__aarch64__) || (defined(__ARM_PCS_VFP) && __ARM_ARCH >= 7)
#define PSEPHOS_NEON 1

#include "platforms/kernels/kernels.h"

namespace psephos::kernels::neon {

bool runnable();
const Kernels& table();

void pack_bits(const float* v, std::size_t d, std::uint32_t* signs);
void pack_signs(const float* v, std::size_t d, CoinAddress coin, std::uint32_t* signs);
void signum(float* m, const float* g, std::size_t d, float beta, CoinAddress coin,
            std::uint32_t* signs);
void pack_threshold(const float* v, std::size_t d, float threshold, std::uint32_t* signs,
                    std::uint32_t* voted);
void gather_signs(const std::uint32_t* signs, const std::uint32_t* voted, std::size_t words,
                  std::uint8_t* out);
void scatter_signs(const std::uint8_t* in, std::size_t bytes, const std::uint32_t* voted,
                   std::size_t words, std::uint32_t* signs);
void count_planes(CounterPlanes counter, const std::uint32_t* const* planes, std::size_t count);
void merge_counters(CounterPlanes into, const std::uint32_t* from, std::size_t from_plane_count);
void decide(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
            std::uint32_t margin, std::uint32_t* signs, std::uint32_t* decided);
#if defined(__aarch64__)
void apply(float* x, std::size_t d, const std::uint32_t* signs, const std::uint32_t* voted,
           float step, float keep);
#endif
// Sixteen words at once of the sequence that coins come from: words 4*index to 4*index + 15, where
// word w is word w mod 4 of philox4x32({w / 4 (64 bits), round, purpose}, key).
void philox_words(std::uint64_t index, const CoinAddress& address, std::uint32_t* words);
bool all_finite(const float* v, std::size_t d);
std::uint64_t count_ones(const std::uint32_t* words, std::size_t count);

}  // namespace psephos::kernels::neon

#endif
