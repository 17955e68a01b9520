#include "platforms/kernels/environment.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#elif !defined(__aarch64__) && !defined(__ARM_PCS_VFP)
#include <cfenv>
#endif

namespace psephos::kernels {

#if defined(__x86_64__)

namespace {
// Reset value of MXCSR: exceptions masked, round to nearest, neither flush-to-zero nor
// denormals-are-zero.
constexpr unsigned kPromised = 0x1F80;
}  // namespace

FloatEnvironment::FloatEnvironment() : saved_(_mm_getcsr()) { _mm_setcsr(kPromised); }
FloatEnvironment::~FloatEnvironment() { _mm_setcsr(static_cast<unsigned>(saved_)); }

#elif defined(__aarch64__)

// FPCR 0: round to nearest, no flush-to-zero, no default NaN, no traps.
FloatEnvironment::FloatEnvironment() : saved_(0) {
  asm volatile("mrs %0, fpcr" : "=r"(saved_));
  asm volatile("msr fpcr, %0" : : "r"(0ULL) : "memory");
}
FloatEnvironment::~FloatEnvironment() { asm volatile("msr fpcr, %0" : : "r"(saved_) : "memory"); }

#elif defined(__ARM_PCS_VFP)

// FPSCR 0: as above, for VFP. NEON flushes denormals on ARMv7 whatever stands here.
FloatEnvironment::FloatEnvironment() : saved_(0) {
  unsigned fpscr;
  asm volatile("vmrs %0, fpscr" : "=r"(fpscr));
  asm volatile("vmsr fpscr, %0" : : "r"(0U) : "memory");
  saved_ = fpscr;
}
FloatEnvironment::~FloatEnvironment() {
  asm volatile("vmsr fpscr, %0" : : "r"(static_cast<unsigned>(saved_)) : "memory");
}

#else

// No portable way to name flush-to-zero: the rounding mode is all that the standard library knows.
FloatEnvironment::FloatEnvironment() : saved_(static_cast<unsigned long long>(std::fegetround())) {
  std::fesetround(FE_TONEAREST);
}
FloatEnvironment::~FloatEnvironment() { std::fesetround(static_cast<int>(saved_)); }

#endif

}  // namespace psephos::kernels
