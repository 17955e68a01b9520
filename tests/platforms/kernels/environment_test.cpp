#include "platforms/kernels/environment.h"

#include <gtest/gtest.h>

#include <bit>
#include <cfenv>
#include <cstdint>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "tests/platforms/kernels/naive.h"

namespace psephos::kernels::testing {
namespace {

// What every kernel with arithmetic in it answers, as bits.
std::vector<std::uint64_t> answers(const Kernels& table) {
  constexpr std::size_t d = 2099;
  Words random(6);
  std::vector<std::uint64_t> bits;
  const auto note = [&](const auto& values) {
    for (const auto value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  };

  std::vector<float> x = awkward_floats(d, 1);
  std::vector<float> m = awkward_floats(d, 2);
  std::vector<std::uint32_t> signs(naive_words(d));
  std::vector<std::uint32_t> voted(naive_words(d));
  table.pack_signs(x.data(), d, {{1, 2}, 3, 4}, signs.data());
  note(signs);
  table.pack_threshold(x.data(), d, 1e-42F, signs.data(), voted.data());
  note(signs);
  note(voted);
  // A bound that divides nothing evenly, and one among the denormals.
  for (const float bound : {0.3F, 1e-40F}) {
    table.pack_stochastic_ternary(x.data(), 0, d, bound, {{1, 2}, 3, 4}, signs.data(),
                                  voted.data());
    note(signs);
    note(voted);
    table.pack_stochastic_sign(x.data(), 0, d, bound, {{1, 2}, 3, 4}, signs.data());
    note(signs);
  }
  table.apply(x.data(), d, signs.data(), voted.data(), 1e-3F, 0.999F);
  table.apply(m.data(), d, signs.data(), nullptr, 1e-42F, 1.0F);
  note(x);
  note(m);
  table.momentum(m.data(), x.data(), d, 0.9F);
  note(m);
  table.signum(m.data(), x.data(), d, 0.9F, {{1, 2}, 3, 4}, signs.data());
  note(m);
  note(signs);
  std::vector<float> pixels(256);
  std::vector<std::uint8_t> bytes(256);
  for (std::size_t i = 0; i < 256; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  table.normalise(bytes.data(), 256, 1 / 255.0F, -0.3F, pixels.data());
  note(pixels);
  bits.push_back(std::bit_cast<std::uint64_t>(table.sum_abs(x.data(), d)));
  bits.push_back(std::bit_cast<std::uint64_t>(table.sum_squares(x.data(), d)));
  return bits;
}

std::vector<std::uint64_t> promised_answers(const Kernels& table) {
  const FloatEnvironment environment;
  return answers(table);
}

// A host's rounding mode, put back however the test ends.
class HostRounding {
 public:
  explicit HostRounding(int mode) : saved_(std::fegetround()) { std::fesetround(mode); }
  ~HostRounding() { std::fesetround(saved_); }
  HostRounding(const HostRounding&) = delete;
  HostRounding& operator=(const HostRounding&) = delete;

 private:
  int saved_;
};

TEST(FloatEnvironment, HidesTheHostsRoundingModeFromTheKernels) {
  for (const Kernels* table : runnable_tables()) {
    const std::vector<std::uint64_t> expected = answers(*table);
    for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
      const HostRounding host(mode);
      EXPECT_NE(answers(*table), expected) << "the mode makes a difference without it";
      EXPECT_EQ(promised_answers(*table), expected) << table->name;
      EXPECT_EQ(std::fegetround(), mode) << "the host's mode is put back";
    }
  }
}

// The processor's own control register, the ways in which a host may have set it to lose denormals,
// and which of its bits are settings: the others are sticky flags.
#if defined(__x86_64__)

std::uint32_t read_control() { return _mm_getcsr(); }
void write_control(std::uint32_t value) { _mm_setcsr(value); }
constexpr std::uint32_t kMasked = 0x1F80;
constexpr std::uint32_t kFlushToZero = 0x8000;
constexpr std::uint32_t kDenormalsAreZero = 0x0040;
constexpr std::uint32_t kLosingDenormals[] = {kMasked | kFlushToZero, kMasked | kDenormalsAreZero,
                                              kMasked | kFlushToZero | kDenormalsAreZero};
constexpr std::uint32_t kSettings = 0xFFC0;

#elif defined(__aarch64__)

std::uint32_t read_control() {
  std::uint64_t fpcr = 0;
  asm volatile("mrs %0, fpcr" : "=r"(fpcr));
  return static_cast<std::uint32_t>(fpcr);
}
void write_control(std::uint32_t value) {
  asm volatile("msr fpcr, %0" : : "r"(std::uint64_t{value}) : "memory");
}

#elif defined(__ARM_PCS_VFP)

std::uint32_t read_control() {
  std::uint32_t fpscr = 0;
  asm volatile("vmrs %0, fpscr" : "=r"(fpscr));
  return fpscr;
}
void write_control(std::uint32_t value) {
  asm volatile("vmsr fpscr, %0" : : "r"(value) : "memory");
}

#endif

#if defined(__aarch64__) || defined(__ARM_PCS_VFP)
constexpr std::uint32_t kFlushToZero = 0x01000000;
constexpr std::uint32_t kDefaultNan = 0x02000000;
constexpr std::uint32_t kLosingDenormals[] = {kFlushToZero, kFlushToZero | kDefaultNan};
constexpr std::uint32_t kSettings = 0x07C00000;  // and the rounding mode
#endif

#if defined(__x86_64__) || defined(__aarch64__) || defined(__ARM_PCS_VFP)

class HostControl {
 public:
  explicit HostControl(std::uint32_t value) : saved_(read_control()) { write_control(value); }
  ~HostControl() { write_control(saved_); }
  HostControl(const HostControl&) = delete;
  HostControl& operator=(const HostControl&) = delete;

 private:
  std::uint32_t saved_;
};

TEST(FloatEnvironment, HidesFlushToZeroAndDenormalsAreZeroFromTheKernels) {
  for (const Kernels* table : runnable_tables()) {
    const std::vector<std::uint64_t> expected = answers(*table);
    for (const std::uint32_t mode : kLosingDenormals) {
      const HostControl host(mode);
      EXPECT_NE(answers(*table), expected) << "the mode makes a difference without it";
      EXPECT_EQ(promised_answers(*table), expected) << table->name;
      EXPECT_EQ(read_control() & kSettings, mode) << "the host's mode is put back";
    }
  }
}

#endif

}  // namespace
}  // namespace psephos::kernels::testing
