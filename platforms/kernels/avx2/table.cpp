#include "platforms/kernels/avx2/avx2.h"

#if defined(__x86_64__)

namespace psephos::kernels::avx2 {

bool runnable() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("popcnt");
}

const Kernels& table() {
  static const Kernels table = [] {
    Kernels kernels = portable_kernels();
    kernels.name = "avx2";
    kernels.pack_bits = pack_bits;
    kernels.pack_signs = pack_signs;
    kernels.signum = signum;
    kernels.pack_threshold = pack_threshold;
    kernels.pack_stochastic_ternary = pack_stochastic_ternary;
    kernels.pack_stochastic_sign = pack_stochastic_sign;
    kernels.gather_signs = gather_signs;
    kernels.scatter_signs = scatter_signs;
    kernels.count_planes = count_planes;
    kernels.merge_counters = merge_counters;
    kernels.decide = decide;
    kernels.apply = apply;
    kernels.all_finite = all_finite;
    kernels.count_ones = count_ones;
    kernels.normalise = normalise;
    return kernels;
  }();
  return table;
}

}  // namespace psephos::kernels::avx2

#endif
