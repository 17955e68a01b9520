#include "platforms/kernels/neon/neon.h"

#if defined(PSEPHOS_NEON)

#include "platforms/kernels/neon/bits.h"
#include "platforms/kernels/portable/portable.h"

#if defined(__arm__)
#pragma GCC target("fpu=neon")
#endif

#include "platforms/kernels/decide_registers.h"

namespace psephos::kernels::neon {

void decide(CounterPlanes negative, CounterPlanes voted, std::uint32_t all_voters,
            std::uint32_t margin, std::uint32_t* signs, std::uint32_t* decided) {
  Decider<Bits>::decide(negative, voted, all_voters, margin, signs, decided);
}

}  // namespace psephos::kernels::neon

#endif
