#include "platforms/kernels/avx2/avx2.h"

#if defined(__x86_64__)

namespace psephos::kernels::avx2 {

bool runnable() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"); }

const Kernels& table() {
  static const Kernels table = [] {
    Kernels kernels = portable_kernels();
    kernels.name = "avx2";
    kernels.pack_signs = pack_signs;
    kernels.signum = signum;
    kernels.gather_signs = gather_signs;
    kernels.scatter_signs = scatter_signs;
    kernels.apply = apply;
    kernels.all_finite = all_finite;
    kernels.normalise = normalise;
    return kernels;
  }();
  return table;
}

}  // namespace psephos::kernels::avx2

#endif
