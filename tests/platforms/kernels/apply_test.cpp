#include <gtest/gtest.h>

#include <cmath>

#include "tests/platforms/kernels/naive.h"

namespace psephos::kernels::testing {
namespace {

// Each operation rounded to float by a store that the compiler may not skip.
float times(float a, float b) {
  volatile float product = a * b;
  return product;
}
float plus(float a, float b) {
  volatile float sum = a + b;
  return sum;
}

struct Planes {
  std::vector<std::uint32_t> signs;
  std::vector<std::uint32_t> voted;
};

Planes random_ternary(std::size_t d, Words& random) {
  Planes planes{random_plane(naive_words(d), random), random_plane(naive_words(d), random)};
  for (std::size_t w = 0; w < planes.signs.size(); ++w) planes.signs[w] &= planes.voted[w];
  return planes;
}

TEST(Apply, EqualsMovingOneParameterAtATime) {
  Words random(1);
  for (const Kernels* table : runnable_tables()) {
    for (const auto& [step, keep] : {std::pair{1e-3F, 1.0F}, {0.37F, 0.9999F}, {1e-44F, 0.3F}}) {
      for (const std::size_t d : sizes()) {
        const std::vector<float> start = awkward_floats(d, d);
        const Planes planes = random_ternary(d, random);
        for (const bool everything : {false, true}) {
          std::vector<float> expected = start;
          for (std::size_t i = 0; i < d; ++i) {
            const Position p = naive_position(i, d);
            expected[i] = times(expected[i], keep);
            if (!everything && !bit_of(planes.voted, p)) continue;
            expected[i] = plus(expected[i], bit_of(planes.signs, p) ? step : -step);
          }
          std::vector<float> x = start;
          table->apply(x.data(), d, planes.signs.data(), everything ? nullptr : planes.voted.data(),
                       step, keep);
          ASSERT_EQ(bits_of(x), bits_of(expected)) << table->name << " d=" << d;
        }
      }
    }
  }
}

TEST(Apply, LeavesWhatIsNotVotedOnAsItIsEvenANegativeZero) {
  for (const Kernels* table : runnable_tables()) {
    for (const std::size_t d : {1, 40, 1024, 1100}) {
      std::vector<float> x = awkward_floats(d, 9);
      x[0] = -0.0F;
      const std::vector<std::uint32_t> before = bits_of(x);
      const std::vector<std::uint32_t> nothing(naive_words(d), 0);
      table->apply(x.data(), d, nothing.data(), nothing.data(), 0.1F, 1.0F);
      EXPECT_EQ(bits_of(x), before);
    }
  }
}

TEST(Momentum, RoundsBothProductsThenTheirSum) {
  for (const Kernels* table : runnable_tables()) {
    for (const float beta : {0.0F, 0.9F, 0.99F}) {
      for (const std::size_t d : sizes()) {
        std::vector<float> m = awkward_floats(d, d);
        const std::vector<float> g = awkward_floats(d, d + 7);
        const float rest = plus(1.0F, -beta);
        std::vector<float> expected = m;
        for (std::size_t i = 0; i < d; ++i) {
          expected[i] = plus(times(m[i], beta), times(g[i], rest));
        }
        table->momentum(m.data(), g.data(), d, beta);
        ASSERT_EQ(bits_of(m), bits_of(expected)) << table->name << " d=" << d;
      }
    }
  }
}

TEST(Normalise, RoundsTheProductThenAddsTheOffset) {
  for (const Kernels* table : runnable_tables()) {
    std::vector<std::uint8_t> bytes;
    for (int i = 0; i < 1000; ++i) bytes.push_back(static_cast<std::uint8_t>(i * 7));
    const float scale = 1.0F / (255.0F * 0.353F);
    const float offset = -0.286F / 0.353F;
    for (std::size_t count = 0; count <= bytes.size(); ++count) {
      std::vector<float> out(count + 1, 42.0F);
      table->normalise(bytes.data(), count, scale, offset, out.data());
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_EQ(out[i], plus(times(static_cast<float>(bytes[i]), scale), offset));
      }
      ASSERT_EQ(out[count], 42.0F);
    }
  }
}

}  // namespace
}  // namespace psephos::kernels::testing
