#include "platforms/kernels/kernels.h"

#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels {

const Kernels& portable_kernels() {
  static constexpr Kernels kTable = {
      .name = "portable",
      .pack_signs = portable::pack_signs,
      .pack_threshold = portable::pack_threshold,
      .count_planes = portable::count_planes,
      .merge_counters = portable::merge_counters,
      .decide = portable::decide,
      .apply = portable::apply,
      .momentum = portable::momentum,
      .sum_abs = portable::sum_abs,
      .sum_squares = portable::sum_squares,
      .all_finite = portable::all_finite,
      .count_ones = portable::count_ones,
      .normalise = portable::normalise,
  };
  return kTable;
}

const Kernels& kernels() { return portable_kernels(); }

}  // namespace psephos::kernels
