#include "platforms/kernels/avx512/avx512.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#include "platforms/kernels/portable/portable.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl")
#endif

#include "platforms/kernels/avx512/bits.h"
#include "platforms/kernels/tally_tree.h"

namespace psephos::kernels::avx512 {

void count_planes(CounterPlanes counter, const std::uint32_t* const* planes, std::size_t count) {
  TallyTree<Bits>::count(counter, planes, count);
}

void merge_counters(CounterPlanes into, const std::uint32_t* from, std::size_t from_plane_count) {
  TallyTree<Bits>::merge(into, from, from_plane_count);
}

}  // namespace psephos::kernels::avx512

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
