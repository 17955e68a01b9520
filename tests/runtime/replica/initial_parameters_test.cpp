#include "runtime/replica/initial_parameters.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "runtime/base/philox.h"

namespace psephos {
namespace {

TensorTable small_table() {
  return {{.name = "w1", .offset = 0, .count = 5, .init_scale = 0.25f},
          {.name = "b1", .offset = 5, .count = 2, .init_scale = 0},
          {.name = "w2", .offset = 7, .count = 3, .init_scale = 1.7f}};
}

std::vector<float> filled(const TensorTable& table, std::uint32_t seed) {
  std::vector<float> x(parameter_count(table), NAN);
  fill_initial_parameters(table, seed, x);
  return x;
}

TEST(InitialParameters, FollowTheirDefinitionWordByWord) {
  const TensorTable table = small_table();
  const std::vector<float> x = filled(table, 11);
  const PhiloxKey key = {.seed = 11, .stream = kRunStream};
  for (std::uint32_t t = 0; t < table.size(); ++t) {
    for (std::uint32_t i = 0; i < table[t].count; ++i) {
      const std::uint32_t word = philox_word(key, t, Purpose::kInitial, i);
      // Floor division by 256 in 64 bits: the arithmetic shift, written differently.
      const std::int64_t draw =
          (std::int64_t{static_cast<std::int32_t>(word)} - (word & 255)) / 256;
      const double exact = static_cast<double>(draw) / 8388608.0 * double{table[t].init_scale};
      const float expected = table[t].init_scale == 0 ? 0.0f : static_cast<float>(exact);
      EXPECT_EQ(std::bit_cast<std::uint32_t>(x[table[t].offset + i]),
                std::bit_cast<std::uint32_t>(expected));
    }
  }
}

TEST(InitialParameters, AreTheGoldenBitsOfSeedOne) {
  // A stranger's client must reproduce these: changing one is a protocol version bump.
  const std::vector<std::uint32_t> golden = {0xBE74338C, 0xBE166606, 0x3C666E60, 0x3D449850,
                                             0xBE1B49EE, 0x00000000, 0x00000000, 0xBEBAC9DE,
                                             0x3ED57687, 0x3F025455};
  const std::vector<float> x = filled(small_table(), 1);
  ASSERT_EQ(x.size(), golden.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(x[i]), golden[i]) << i;
  }
}

TEST(InitialParameters, AreUniformWithinTheirScale) {
  const TensorTable table = {{.name = "w", .offset = 0, .count = 20'000, .init_scale = 0.1f}};
  double sum = 0;
  double squares = 0;
  for (const float v : filled(table, 3)) {
    ASSERT_GE(v, -0.1f);
    ASSERT_LT(v, 0.1f);
    sum += double{v};
    squares += double{v} * double{v};
  }
  EXPECT_NEAR(sum / 20'000, 0, 0.002);
  EXPECT_NEAR(squares / 20'000, 0.01 / 3, 0.0001);
}

TEST(InitialParameters, DifferBetweenSeedsAndTensors) {
  const TensorTable table = {{.name = "a", .offset = 0, .count = 4, .init_scale = 1},
                             {.name = "b", .offset = 4, .count = 4, .init_scale = 1}};
  const std::vector<float> one = filled(table, 1);
  EXPECT_NE(one, filled(table, 2));
  EXPECT_NE(std::vector<float>(one.begin(), one.begin() + 4),
            std::vector<float>(one.begin() + 4, one.end()));
}

}  // namespace
}  // namespace psephos
