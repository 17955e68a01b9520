#include "platforms/kernels/avx2/avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#include "platforms/kernels/portable/portable.h"

#pragma GCC target("avx2")

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

#endif
