#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "platforms/kernels/philox.h"
#include "tests/platforms/kernels/naive.h"

namespace psephos::kernels::testing {
namespace {

constexpr std::uint32_t kGuard = 0xA5A5A5A5;
constexpr CoinAddress kCoins{{7, 11}, 13, 3};

std::uint32_t coin_word(std::size_t word) {
  return philox4x32({static_cast<std::uint32_t>(word / 4), 0, kCoins.round, kCoins.purpose},
                    {kCoins.key[0], kCoins.key[1]})[word % 4];
}

TEST(PackBits, AreTheFloatsOwnSignBits) {
  for (const Kernels* table : runnable_tables()) {
    for (const std::size_t d : sizes()) {
      for (std::size_t shift = 0; shift < 2; ++shift) {
        const std::vector<float> v = awkward_floats(d + shift, d + 2);
        std::vector<std::uint32_t> expected = empty_plane(d);
        for (std::size_t i = 0; i < d; ++i) {
          if (std::signbit(v[shift + i])) set_bit(expected, naive_position(i, d));
        }
        std::vector<std::uint32_t> signs = guarded_plane(d);
        table->pack_bits(v.data() + shift, d, signs.data());
        ASSERT_EQ(signs, expected) << table->name << " d=" << d << " shift=" << shift;
      }
    }
  }
}

TEST(PackSigns, EqualsPackingOneParameterAtATime) {
  for (const Kernels* table : runnable_tables()) {
    for (const std::size_t d : sizes()) {
      const std::vector<float> v = awkward_floats(d, d);
      std::vector<std::uint32_t> expected = empty_plane(d);
      for (std::size_t i = 0; i < d; ++i) {
        const Position p = naive_position(i, d);
        const bool coin = ((coin_word(p.word) >> p.bit) & 1) != 0;
        if (v[i] == 0 ? coin : std::signbit(v[i])) set_bit(expected, p);
      }
      std::vector<std::uint32_t> signs = guarded_plane(d);
      table->pack_signs(v.data(), d, kCoins, signs.data());
      ASSERT_EQ(signs, expected) << table->name << " d=" << d;
    }
  }
}

TEST(PackSigns, GivesZerosOfBothSignsTheSameCoin) {
  for (const Kernels* table : runnable_tables()) {
    const std::size_t d = 1500;
    std::vector<std::uint32_t> of_positive = guarded_plane(d);
    std::vector<std::uint32_t> of_negative = guarded_plane(d);
    table->pack_signs(std::vector<float>(d, 0.0F).data(), d, kCoins, of_positive.data());
    table->pack_signs(std::vector<float>(d, -0.0F).data(), d, kCoins, of_negative.data());
    EXPECT_EQ(of_positive, of_negative);
    std::size_t negative = 0;
    for (std::size_t i = 0; i < d; ++i) negative += bit_of(of_positive, naive_position(i, d));
    EXPECT_GT(negative, d * 2 / 5);
    EXPECT_LT(negative, d * 3 / 5);
  }
}

TEST(Signum, EqualsMomentumAndThenPacking) {
  for (const Kernels* table : runnable_tables()) {
    for (const float beta : {0.0F, 0.9F, 1.0F}) {
      for (const std::size_t d : sizes()) {
        const std::vector<float> g = awkward_floats(d, d);
        std::vector<float> expected_m = awkward_floats(d, d + 7);
        std::vector<float> m = expected_m;
        std::vector<std::uint32_t> expected = guarded_plane(d);
        portable_kernels().momentum(expected_m.data(), g.data(), d, beta);
        portable_kernels().pack_signs(expected_m.data(), d, kCoins, expected.data());
        std::vector<std::uint32_t> signs = guarded_plane(d);
        table->signum(m.data(), g.data(), d, beta, kCoins, signs.data());
        ASSERT_EQ(signs, expected) << table->name << " d=" << d;
        ASSERT_EQ(bits_of(m), bits_of(expected_m)) << table->name << " d=" << d;
      }
    }
  }
}

TEST(PackThreshold, EqualsPackingOneParameterAtATime) {
  for (const Kernels* table : runnable_tables()) {
    for (const float threshold : {0.0F, -0.0F, 1e-42F, 0.5F}) {
      for (const std::size_t d : sizes()) {
        const std::vector<float> v = awkward_floats(d, d + 1);
        std::vector<std::uint32_t> expected_signs = empty_plane(d);
        std::vector<std::uint32_t> expected_voted = empty_plane(d);
        for (std::size_t i = 0; i < d; ++i) {
          if (!(std::fabs(v[i]) > threshold)) continue;
          set_bit(expected_voted, naive_position(i, d));
          if (std::signbit(v[i])) set_bit(expected_signs, naive_position(i, d));
        }
        std::vector<std::uint32_t> signs = guarded_plane(d);
        std::vector<std::uint32_t> voted = guarded_plane(d);
        table->pack_threshold(v.data(), d, threshold, signs.data(), voted.data());
        ASSERT_EQ(signs, expected_signs) << table->name << " d=" << d;
        ASSERT_EQ(voted, expected_voted) << table->name << " d=" << d;
      }
    }
  }
}

TEST(PackThreshold, AbstainsExactlyAtTheThreshold) {
  for (const Kernels* table : runnable_tables()) {
    const float above = std::nextafter(0.25F, 1.0F);
    const float below = std::nextafter(0.25F, 0.0F);
    const float v[] = {0.25F, -0.25F, above, -above, below, std::numeric_limits<float>::max()};
    std::uint32_t signs = 0;
    std::uint32_t voted = 0;
    table->pack_threshold(v, std::size(v), 0.25F, &signs, &voted);
    EXPECT_EQ(voted, 0b101100U);
    EXPECT_EQ(signs, 0b001000U);
  }
}

}  // namespace
}  // namespace psephos::kernels::testing
