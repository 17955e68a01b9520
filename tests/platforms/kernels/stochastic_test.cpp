#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "platforms/kernels/philox.h"
#include "tests/platforms/kernels/naive.h"

namespace psephos::kernels::testing {
namespace {

constexpr CoinAddress kAddress{{7, 11}, 13, 3};
// Every size with one bound, and a few with bounds that are hardly numbers.
std::vector<std::pair<std::size_t, float>> sizes_and_bounds() {
  std::vector<std::pair<std::size_t, float>> all;
  for (const std::size_t d : sizes()) all.emplace_back(d, 1.0F);
  for (const float bound : {1e-42F, 1e-30F, 1e-3F, 3e38F}) {
    for (const std::size_t d : {31, 1024, 2079}) all.emplace_back(d, bound);
  }
  return all;
}

std::uint32_t word_of(std::size_t i) {
  const std::size_t row = i / 32;
  const std::size_t p = i % 32;
  return philox4x32(
      {static_cast<std::uint32_t>(8 * row + p % 8), 0, kAddress.round, kAddress.purpose},
      {kAddress.key[0], kAddress.key[1]})[p / 8];
}

TEST(PackStochasticTernary, EqualsVotingOneParameterAtATime) {
  for (const Kernels* table : runnable_tables()) {
    for (const auto& [d, bound] : sizes_and_bounds()) {
      const std::vector<float> v = awkward_floats(d, d + 1);
      std::vector<std::uint32_t> expected_signs = empty_plane(d);
      std::vector<std::uint32_t> expected_voted = empty_plane(d);
      for (std::size_t i = 0; i < d; ++i) {
        const float unit = static_cast<float>(word_of(i) >> 8) * 0x1p-24F;
        if (!(unit * bound < std::fabs(v[i]))) continue;
        set_bit(expected_voted, naive_position(i, d));
        if (std::signbit(v[i])) set_bit(expected_signs, naive_position(i, d));
      }
      std::vector<std::uint32_t> signs = guarded_plane(d);
      std::vector<std::uint32_t> voted = guarded_plane(d);
      table->pack_stochastic_ternary(v.data(), 0, d, bound, kAddress, signs.data(), voted.data());
      ASSERT_EQ(signs, expected_signs) << table->name << " d=" << d << " B=" << bound;
      ASSERT_EQ(voted, expected_voted) << table->name << " d=" << d << " B=" << bound;
    }
  }
}

TEST(PackStochasticSign, EqualsVotingOneParameterAtATime) {
  for (const Kernels* table : runnable_tables()) {
    for (const auto& [d, bound] : sizes_and_bounds()) {
      const std::vector<float> v = awkward_floats(d, d + 1);
      std::vector<std::uint32_t> expected = empty_plane(d);
      for (std::size_t i = 0; i < d; ++i) {
        const auto word = static_cast<std::int32_t>(word_of(i));
        const float unit = static_cast<float>(word >> 8) * 0x1p-23F;
        if (!(unit * bound < v[i])) set_bit(expected, naive_position(i, d));
      }
      std::vector<std::uint32_t> signs = guarded_plane(d);
      table->pack_stochastic_sign(v.data(), 0, d, bound, kAddress, signs.data());
      ASSERT_EQ(signs, expected) << table->name << " d=" << d << " B=" << bound;
    }
  }
}

TEST(PackStochasticTernary, VotesAsOftenAsTheMagnitudeSays) {
  constexpr std::size_t kCount = 40'000;
  for (const float share : {0.0F, 0.1F, 0.5F, 1.0F, 7.0F}) {
    const std::vector<float> v(kCount, -2 * share);
    std::vector<std::uint32_t> signs(naive_words(kCount));
    std::vector<std::uint32_t> voted(naive_words(kCount));
    portable_kernels().pack_stochastic_ternary(v.data(), 0, kCount, 2, kAddress, signs.data(),
                                               voted.data());
    EXPECT_EQ(signs, voted);
    const auto votes = portable_kernels().count_ones(voted.data(), voted.size());
    // Five standard deviations at most.
    EXPECT_NEAR(static_cast<double>(votes) / kCount, std::min(share, 1.0F), 0.0125) << share;
  }
}

TEST(PackStochasticSign, IsPlusAsOftenAsTheValueSays) {
  constexpr std::size_t kCount = 40'000;
  for (const float value : {-9.0F, -2.0F, -1.0F, 0.0F, 0.5F, 2.0F, 9.0F}) {
    const std::vector<float> v(kCount, value);
    std::vector<std::uint32_t> signs(naive_words(kCount));
    portable_kernels().pack_stochastic_sign(v.data(), 0, kCount, 2, kAddress, signs.data());
    const auto minus = portable_kernels().count_ones(signs.data(), signs.size());
    const double plus = 1 - static_cast<double>(minus) / kCount;
    EXPECT_NEAR(plus, 0.5 + std::clamp(value / 2.0, -1.0, 1.0) / 2, 0.0125) << value;
  }
}

// A vector in two pieces, the second from any block on: the same votes as in one.
TEST(PackStochastic, PiecesOfAVectorVoteAsTheWholeDoes) {
  constexpr std::size_t kCount = 5 * 1024 + 70;
  const std::vector<float> v = awkward_floats(kCount, 1);
  for (const Kernels* table : runnable_tables()) {
    std::vector<std::uint32_t> signs(naive_words(kCount));
    std::vector<std::uint32_t> voted(naive_words(kCount));
    table->pack_stochastic_ternary(v.data(), 0, kCount, 1, kAddress, signs.data(), voted.data());
    std::vector<std::uint32_t> plain(naive_words(kCount));
    table->pack_stochastic_sign(v.data(), 0, kCount, 1, kAddress, plain.data());
    for (std::size_t first = 0; first < kCount; first += 1024) {
      std::vector<std::uint32_t> ours = signs;
      std::vector<std::uint32_t> our_votes = voted;
      std::vector<std::uint32_t> our_plain = plain;
      std::fill(ours.begin() + static_cast<std::ptrdiff_t>(first / 32), ours.end(), 0u);
      std::fill(our_votes.begin() + static_cast<std::ptrdiff_t>(first / 32), our_votes.end(), 0u);
      std::fill(our_plain.begin() + static_cast<std::ptrdiff_t>(first / 32), our_plain.end(), 0u);
      table->pack_stochastic_ternary(v.data() + first, first, kCount - first, 1, kAddress,
                                     ours.data() + first / 32, our_votes.data() + first / 32);
      table->pack_stochastic_sign(v.data() + first, first, kCount - first, 1, kAddress,
                                  our_plain.data() + first / 32);
      ASSERT_EQ(ours, signs) << table->name << " from " << first;
      ASSERT_EQ(our_votes, voted) << table->name << " from " << first;
      ASSERT_EQ(our_plain, plain) << table->name << " from " << first;
    }
  }
}

}  // namespace
}  // namespace psephos::kernels::testing
