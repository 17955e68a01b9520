#include "platforms/kernels/avx512/avx512.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "platforms/kernels/portable/portable.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl")
#endif

#include "platforms/kernels/avx512/bits.h"
#include "platforms/kernels/decide_registers.h"

namespace psephos::kernels::avx512 {

void decide(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
            std::uint32_t margin, std::uint32_t* signs, std::uint32_t* decided) {
  Decider<Bits>::decide(negative, voted, all_voters, margin, signs, decided);
}

}  // namespace psephos::kernels::avx512

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
