#include "runtime/rules/ballot/ballot_rule.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include "tests/runtime/rules/some_vector.h"

namespace psephos {
namespace {

using testing::some_vector;

constexpr PhiloxKey kKey{11, 4};

PackedSigns make_ballot(std::string_view rule, std::span<const float> v, PhiloxKey key,
                        std::uint32_t round) {
  const BallotChoice choice = parse_ballot_rule(rule).value();
  return choice.rule->make(choice.values)->ballot(v, {key, round, nullptr, {}});
}

TEST(BallotRule, SignVotesOnEverythingWithTheFloatsOwnSignAndACoinForZeros) {
  for (const std::size_t d : {1u, 31u, 33u, 1000u, 1024u, 1057u, 5000u}) {
    const AlignedVector<float> v = some_vector(d, 3);
    const PackedSigns ballot = make_ballot("sign", v, kKey, 9);
    ASSERT_EQ(ballot.parameters, d);
    ASSERT_TRUE(ballot.all_voted());
    for (std::size_t i = 0; i < d; ++i) {
      if (v[i] != 0) {
        ASSERT_EQ(ballot.at(i), v[i] < 0 ? -1 : 1) << i;
        continue;
      }
      const BitPosition at = bit_position(i, d);
      const std::uint32_t coins = philox_word(kKey, 9, Purpose::kCoin, at.word);
      ASSERT_EQ(ballot.at(i), ((coins >> at.bit) & 1) != 0 ? -1 : 1) << i;
    }
  }
}

TEST(BallotRule, CoinsAreFairAndBelongToClientAndRound) {
  constexpr std::size_t kD = 8192;
  const AlignedVector<float> zeros(kD, 0.0f);
  const PackedSigns ballot = make_ballot("sign", zeros, kKey, 9);
  int sum = 0;
  for (std::size_t i = 0; i < kD; ++i) sum += ballot.at(i);
  EXPECT_LT(std::abs(sum), 5 * 91);  // five standard deviations
  EXPECT_EQ(ballot, make_ballot("sign", zeros, kKey, 9));
  EXPECT_NE(ballot, make_ballot("sign", zeros, kKey, 10));
  EXPECT_NE(ballot, make_ballot("sign", zeros, {11, 5}, 9));
  EXPECT_NE(ballot, make_ballot("sign", zeros, {12, 4}, 9));
}

TEST(BallotRule, ThresholdAbstainsUpToItsShareOfTheMeanMagnitude) {
  for (const std::size_t d : {1u, 31u, 33u, 1000u, 1024u, 1057u, 5000u}) {
    for (const float threshold : {1e-6f, 0.5f, 0.97f, 2.5f}) {
      const AlignedVector<float> v = some_vector(d, 4);
      double sum = 0;
      for (const float x : v) sum += std::abs(static_cast<double>(x));
      const double limit = static_cast<double>(threshold) * sum / static_cast<double>(d);
      const PackedSigns ballot = make_ballot(fmt::format("threshold:{}", threshold), v, kKey, 9);
      for (std::size_t i = 0; i < d; ++i) {
        const double magnitude = std::abs(static_cast<double>(v[i]));
        // The sums' last bits may differ; a vector this random has no value that near the limit.
        ASSERT_GT(std::abs(magnitude - limit), 1e-7 * limit) << "choose another seed";
        ASSERT_EQ(ballot.at(i), magnitude <= limit ? 0 : v[i] < 0 ? -1 : 1) << i << " of " << d;
      }
    }
  }
}

TEST(BallotRule, ThresholdComparesExactlyAtTheLimit) {
  // The mean magnitude is 1: where abs(v) is the limit itself, abstain.
  const AlignedVector<float> v = {1.0f, -1.0f, 0.5f, -1.5f};
  const PackedSigns ballot = make_ballot("threshold:1", v, kKey, 0);
  EXPECT_EQ(ballot.at(0), 0);
  EXPECT_EQ(ballot.at(1), 0);
  EXPECT_EQ(ballot.at(2), 0);
  EXPECT_EQ(ballot.at(3), -1);
}

TEST(BallotRule, NothingButZerosIsNothingVotedUnderAThreshold) {
  const AlignedVector<float> zeros(100, -0.0f);
  const PackedSigns ballot = make_ballot("threshold:0.5", zeros, kKey, 0);
  EXPECT_EQ(ballot.voted_count(), 0u);
}

TEST(BallotRule, ABallotThatVotesOnEverythingIsBinaryUnderEitherRule) {
  AlignedVector<float> v(100, 1.0f);
  v[7] = -1.0f;
  const PackedSigns ballot = make_ballot("threshold:0.5", v, kKey, 0);
  EXPECT_TRUE(ballot.all_voted());
  EXPECT_EQ(ballot, make_ballot("sign", v, kKey, 0));
}

TEST(BallotRule, AnAbsurdThresholdOverHugeValuesVotesOnNothing) {
  const AlignedVector<float> v(100, 3e38f);
  const PackedSigns ballot = make_ballot("threshold:3e38", v, kKey, 0);
  EXPECT_EQ(ballot.voted_count(), 0u);
}

}  // namespace
}  // namespace psephos
