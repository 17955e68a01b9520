#include "client/ballot/voter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/runtime/rules/some_vector.h"

namespace psephos::client {
namespace {

using psephos::testing::some_vector;

constexpr PhiloxKey kKey{11, 4};
constexpr std::size_t kD = 1500;
const TensorTable kTensors = {{"a", 0, 1000, 0}, {"b", 1000, 500, 0}};

Voter voter(std::string_view worker, std::string_view ballot) {
  return {parse_worker_rule(worker).value(), parse_ballot_rule(ballot).value()};
}

BallotContext context(std::uint32_t round, std::span<const float> scales = {}) {
  return {kKey, round, &kTensors, scales};
}

// Every pair of rules there is gives what its two rules give one after the other.
TEST(Voter, VotesAsItsTwoRulesDoOneAfterTheOther) {
  const std::vector<float> scales = {2, 3};
  for (const WorkerRuleInfo* worker : worker_rules().rules()) {
    for (const BallotRuleInfo* ballot : ballot_rules().rules()) {
      Voter both = voter(worker->head.example, ballot->head.example);
      const WorkerChoice from = parse_worker_rule(worker->head.example).value();
      const BallotChoice into = parse_ballot_rule(ballot->head.example).value();
      const auto worker_rule = from.rule->make(from.values);
      const auto ballot_rule = into.rule->make(into.values);
      for (std::uint32_t round = 0; round < 4; ++round) {
        const AlignedVector<float> g = some_vector(kD, 100 + round);
        const auto given =
            ballot->needs.scales ? std::span<const float>(scales) : std::span<const float>();
        const PackedSigns expected =
            ballot_rule->ballot(worker_rule->vote_vector(g), context(round, given));
        ASSERT_EQ(both.vote(g, context(round, given)).signs, expected)
            << worker->head.word << " and " << ballot->head.word << ", round " << round;
        if (ballot->needs.settles) {
          both.settle(round % 2 == 0);
          ballot_rule->settle(round % 2 == 0);
        }
      }
    }
  }
}

TEST(Voter, ReportsTheRootMeanSquareOfEachTensorWhereTheRuleAsks) {
  const AlignedVector<float> g = some_vector(kD, 7);
  const std::vector<float> unknown = {0, 0};
  const Vote vote = voter("signsgd", "stochastic-ternary:8").vote(g, context(0, unknown));
  ASSERT_EQ(vote.scales.size(), 2u);
  for (std::size_t t = 0; t < kTensors.size(); ++t) {
    double squares = 0;
    for (std::size_t i = 0; i < kTensors[t].count; ++i) {
      const auto one = static_cast<double>(g[kTensors[t].offset + i]);
      squares += one * one;
    }
    EXPECT_NEAR(vote.scales[t], std::sqrt(squares / kTensors[t].count), 1e-5 * vote.scales[t]);
  }
  EXPECT_EQ(vote.signs.voted_count(), 0u) << "nothing is said before scales are known";
  EXPECT_TRUE(voter("signsgd", "threshold:1").vote(g, context(0)).scales.empty());
}

TEST(Voter, GoesOnFromTheStateOfAnother) {
  Voter one = voter("signum:0.9", "sign");
  for (std::uint32_t round = 0; round < 3; ++round) {
    one.vote(some_vector(kD, round), context(round));
  }
  const RuleState state = one.state();
  ASSERT_EQ(state.size(), 1u);
  EXPECT_EQ(state[0].name, "signum.momentum");
  Voter other = voter("signum:0.9", "sign");
  ASSERT_TRUE(other.restore(state, kD).ok());
  const AlignedVector<float> g = some_vector(kD, 3);
  EXPECT_EQ(other.vote(g, context(3)).signs, one.vote(g, context(3)).signs);
  EXPECT_FALSE(voter("signsgd", "sign").restore(state, kD).ok());
  EXPECT_FALSE(other.restore(state, kD + 1).ok());
}

}  // namespace
}  // namespace psephos::client
