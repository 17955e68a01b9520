#include "platforms/kernels/avx2/avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "platforms/kernels/portable/portable.h"

#pragma GCC target("avx2")

#include "platforms/kernels/avx2/bits.h"
#include "platforms/kernels/decide_registers.h"

namespace psephos::kernels::avx2 {

void decide(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
            std::uint32_t margin, std::uint32_t* signs, std::uint32_t* decided) {
  Decider<Bits>::decide(negative, voted, all_voters, margin, signs, decided);
}

}  // namespace psephos::kernels::avx2

#endif
