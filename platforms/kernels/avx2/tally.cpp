#include "platforms/kernels/avx2/avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#include "platforms/kernels/portable/portable.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif

#include "platforms/kernels/avx2/bits.h"
#include "platforms/kernels/tally_tree.h"

namespace psephos::kernels::avx2 {

void count_planes(CounterPlanes counter, const std::uint32_t* const* planes, std::size_t count) {
  TallyTree<Bits>::count(counter, planes, count);
}

void merge_counters(CounterPlanes into, const std::uint32_t* from, std::size_t from_plane_count) {
  TallyTree<Bits>::merge(into, from, from_plane_count);
}

}  // namespace psephos::kernels::avx2

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
