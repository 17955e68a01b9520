#include "platforms/kernels/avx512/avx512.h"

#if defined(__x86_64__)

#include "platforms/kernels/avx2/avx2.h"

namespace psephos::kernels::avx512 {

bool runnable() {
  return avx2::runnable() && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

const Kernels& table() {
  static const Kernels table = [] {
    Kernels kernels = avx2::table();
    kernels.name = "avx512";
    kernels.pack_bits = pack_bits;
    kernels.pack_signs = pack_signs;
    kernels.signum = signum;
    kernels.pack_threshold = pack_threshold;
    kernels.pack_stochastic_ternary = pack_stochastic_ternary;
    kernels.pack_stochastic_sign = pack_stochastic_sign;
    kernels.count_planes = count_planes;
    kernels.merge_counters = merge_counters;
    kernels.decide = decide;
    kernels.apply = apply;
    return kernels;
  }();
  return table;
}

}  // namespace psephos::kernels::avx512

#endif
