#pragma once
// x86-64 with AVX-512 (F, BW, DQ, VL): what gains over AVX2; the rest of the table is that of
// avx2/. Target pragmas as there.

#if defined(__x86_64__)

#include "platforms/kernels/kernels.h"

namespace psephos::kernels::avx512 {

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
void count_planes(CounterPlanes counter, const std::uint32_t* const* planes, std::size_t count);
void merge_counters(CounterPlanes into, const std::uint32_t* from, std::size_t from_plane_count);
void decide(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
            std::uint32_t margin, std::uint32_t* signs, std::uint32_t* decided);
void apply(float* x, std::size_t d, const std::uint32_t* signs, const std::uint32_t* voted,
           float step, float keep);

}  // namespace psephos::kernels::avx512

#endif
