#include "platforms/kernels/neon/neon.h"

#if defined(PSEPHOS_NEON)

#include <algorithm>

#include "platforms/kernels/neon/bits.h"
#include "platforms/kernels/portable/portable.h"

#if defined(__arm__)
#pragma GCC target("fpu=neon")
#endif

#include "platforms/kernels/tally_tree.h"

namespace psephos::kernels::neon {

void count_planes(CounterPlanes counter, const std::uint32_t* const* planes, std::size_t count) {
  TallyTree<Bits>::count(counter, planes, count);
}

void merge_counters(CounterPlanes into, const std::uint32_t* from, std::size_t from_plane_count) {
  TallyTree<Bits>::merge(into, from, from_plane_count);
}

}  // namespace psephos::kernels::neon

#endif
