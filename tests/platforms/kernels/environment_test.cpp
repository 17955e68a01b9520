#include "platforms/kernels/environment.h"

#include <gtest/gtest.h>

#include <bit>
#include <cfenv>
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
  table.apply(x.data(), d, signs.data(), voted.data(), 1e-3F, 0.999F);
  table.apply(m.data(), d, signs.data(), nullptr, 1e-42F, 1.0F);
  note(x);
  note(m);
  table.momentum(m.data(), x.data(), d, 0.9F);
  note(m);
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

#if defined(__x86_64__)

class HostMxcsr {
 public:
  explicit HostMxcsr(unsigned value) : saved_(_mm_getcsr()) { _mm_setcsr(value); }
  ~HostMxcsr() { _mm_setcsr(saved_); }
  HostMxcsr(const HostMxcsr&) = delete;
  HostMxcsr& operator=(const HostMxcsr&) = delete;

 private:
  unsigned saved_;
};

constexpr unsigned kMasked = 0x1F80;
constexpr unsigned kFlushToZero = 0x8000;
constexpr unsigned kDenormalsAreZero = 0x0040;
constexpr unsigned kControlBits = 0xFFC0;  // the rest are sticky flags

TEST(FloatEnvironment, HidesFlushToZeroAndDenormalsAreZeroFromTheKernels) {
  for (const Kernels* table : runnable_tables()) {
    const std::vector<std::uint64_t> expected = answers(*table);
    for (const unsigned mode :
         {kFlushToZero, kDenormalsAreZero, kFlushToZero | kDenormalsAreZero}) {
      const HostMxcsr host(kMasked | mode);
      EXPECT_NE(answers(*table), expected) << "the mode makes a difference without it";
      EXPECT_EQ(promised_answers(*table), expected) << table->name;
      EXPECT_EQ(_mm_getcsr() & kControlBits, kMasked | mode) << "the host's mode is put back";
    }
  }
}

#endif

}  // namespace
}  // namespace psephos::kernels::testing
