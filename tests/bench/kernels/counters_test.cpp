// Opponents do the same work as we do, or beating them would say nothing.

#include "bench/kernels/counters.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bench/kernels/ballots.h"
#include "platforms/kernels/kernels.h"
#include "runtime/vote/tally.h"

namespace psephos::bench {
namespace {

constexpr std::size_t kParameters = 20 * 1024;
constexpr std::uint32_t kVoters = 31;  // odd, so that nothing is a tie

// Bit i mod 32 of word i / 32, from the packed-sign layout.
AlignedVector<std::uint32_t> in_parameter_order(const AlignedVector<std::uint32_t>& packed) {
  AlignedVector<std::uint32_t> linear(packed.size());
  for (std::size_t i = 0; i < kParameters; ++i) {
    const BitPosition at = bit_position(i, kParameters);
    linear[i / 32] |= ((packed[at.word] >> at.bit) & 1) << (i % 32);
  }
  return linear;
}

class Opponents : public ::testing::Test {
 protected:
  Opponents() {
    Tally tally(kParameters);
    for (const auto& signs : ballots_.signs) tally.add(SignsView(kParameters, signs, {}), nullptr);
    expected_ = tally.decide(1).signs;
  }

  Ballots ballots_ = random_ballots(kParameters, kVoters);
  AlignedVector<std::uint32_t> expected_;
  std::vector<std::int16_t> net_ = std::vector<std::int16_t>(kParameters);
  AlignedVector<std::uint32_t> decision_ = AlignedVector<std::uint32_t>(word_count(kParameters));
};

TEST_F(Opponents, CountingInOurLayoutDecidesAsTheTallyDoes) {
  const auto planes = pointers_to(ballots_.signs, kVoters);
  for (const auto count : {count_vectorised, count_blocked}) {
    std::ranges::fill(decision_, 0);
    count(planes, kParameters, net_.data(), decision_.data());
    EXPECT_EQ(decision_, expected_);
  }
}

TEST_F(Opponents, CountingInParameterOrderDecidesAsTheTallyDoes) {
  for (auto& signs : ballots_.signs) signs = in_parameter_order(signs);
  count_linear(pointers_to(ballots_.signs, kVoters), kParameters, net_.data(), decision_.data());
  EXPECT_EQ(decision_, in_parameter_order(expected_));
}

TEST(PackByShifts, PutsTheFirstOf32FloatsInTheTopBit) {
  const auto v = random_floats(kParameters, 1, 6);
  AlignedVector<std::uint32_t> signs(word_count(kParameters));
  pack_by_shifts(v.data(), kParameters, signs.data());
  for (std::size_t i = 0; i < kParameters; ++i) {
    ASSERT_EQ(((signs[i / 32] >> (31 - i % 32)) & 1) != 0, v[i] < 0) << i;
  }
}

}  // namespace
}  // namespace psephos::bench
