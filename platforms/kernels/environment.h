#pragma once
// The floating-point environment that our arithmetic is promised in: round to nearest, denormals
// kept. A host process (a Python interpreter that loaded a -ffast-math library) may have switched
// on flush-to-zero or another rounding mode behind our back.

namespace psephos::kernels {

// Sets the promised environment (MXCSR on x86, FPCR on 64-bit ARM, FPSCR on ARMv7) and restores the
// caller's on destruction. Open one at every entry point that does arithmetic and at the top of
// every arithmetic thread. A compiler may move arithmetic across the constructor within one
// function, so do the arithmetic in functions (kernels, model code) that are called while it is
// open.
class FloatEnvironment {
 public:
  FloatEnvironment();
  ~FloatEnvironment();
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
  unsigned long long saved_;
};

}  // namespace psephos::kernels
