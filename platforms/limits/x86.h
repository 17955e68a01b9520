#pragma once
// The limits in wider registers. Private to platforms/limits; pragmas and not compiler flags, for
// the reason that platforms/kernels/avx2/avx2.h gives.

#if defined(__x86_64__)

#include "platforms/limits/limits.h"

namespace psephos::limits {

const Limits& avx2_limits();
const Limits& avx512_limits();

}  // namespace psephos::limits

#endif
