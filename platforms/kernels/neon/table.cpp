#include "platforms/kernels/neon/neon.h"

#if defined(PSEPHOS_NEON)

#if defined(__arm__)
#include <sys/auxv.h>
#endif

namespace psephos::kernels::neon {

#if defined(__arm__)
bool runnable() { return (getauxval(AT_HWCAP) & HWCAP_ARM_NEON) != 0; }
#else
bool runnable() { return true; }
#endif

const Kernels& table() {
  static const Kernels table = [] {
    Kernels kernels = portable_kernels();
    kernels.name = "neon";
    kernels.pack_bits = pack_bits;
    kernels.pack_signs = pack_signs;
    kernels.signum = signum;
    kernels.pack_threshold = pack_threshold;
    kernels.gather_signs = gather_signs;
    kernels.scatter_signs = scatter_signs;
    kernels.count_planes = count_planes;
    kernels.merge_counters = merge_counters;
    kernels.decide = decide;
#if defined(__aarch64__)
    kernels.apply = apply;
#endif
    kernels.all_finite = all_finite;
    kernels.count_ones = count_ones;
    return kernels;
  }();
  return table;
}

}  // namespace psephos::kernels::neon

#endif
