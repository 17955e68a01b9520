#pragma once
// x86-64 with AVX2, BMI2 and popcnt: what gains from intrinsics; the rest of the table is the
// portable one.
//
// Only functions under a target pragma use these instructions. Compiling whole files with -mavx2
// would put AVX2 code into inline functions of the standard library, of which the linker keeps one
// copy for the whole program.

#if defined(__x86_64__)

#include "platforms/kernels/kernels.h"

namespace psephos::kernels::avx2 {

bool runnable();
const Kernels& table();

void pack_bits(const float* v, std::size_t d, std::uint32_t* signs);
void pack_signs(const float* v, std::size_t d, CoinAddress coin, std::uint32_t* signs);
void signum(float* m, const float* g, std::size_t d, float beta, CoinAddress coin,
            std::uint32_t* signs);
void pack_threshold(const float* v, std::size_t d, float threshold, std::uint32_t* signs,
                    std::uint32_t* voted);
void pack_stochastic_ternary(const float* v, std::size_t first, std::size_t d, float bound,
                             CoinAddress coin, std::uint32_t* signs, std::uint32_t* voted);
void pack_stochastic_sign(const float* v, std::size_t first, std::size_t d, float bound,
                          CoinAddress coin, std::uint32_t* signs);
void gather_signs(const std::uint32_t* signs, const std::uint32_t* voted, std::size_t words,
                  std::uint8_t* out);
void scatter_signs(const std::uint8_t* in, std::size_t bytes, const std::uint32_t* voted,
                   std::size_t words, std::uint32_t* signs);
void count_planes(CounterPlanes counter, const std::uint32_t* const* planes, std::size_t count);
void merge_counters(CounterPlanes into, const std::uint32_t* from, std::size_t from_plane_count);
void decide(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
            std::uint32_t margin, std::uint32_t* signs, std::uint32_t* decided);
void apply(float* x, std::size_t d, const std::uint32_t* signs, const std::uint32_t* voted,
           float step, float keep);
bool all_finite(const float* v, std::size_t d);
std::uint64_t count_ones(const std::uint32_t* words, std::size_t count);
void normalise(const std::uint8_t* bytes, std::size_t count, float scale, float offset, float* out);

}  // namespace psephos::kernels::avx2

#endif
