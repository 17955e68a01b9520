#include "runtime/rules/worker/worker_rule.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <vector>

#include "runtime/signs/layout.h"
#include "tests/runtime/rules/some_vector.h"

namespace psephos::worker_rule_test {
namespace {

using testing::some_vector;

std::unique_ptr<WorkerRule> make(std::string_view words) {
  const WorkerChoice choice = parse_worker_rule(words).value();
  return choice.rule->make(choice.values);
}

TEST(WorkerRule, SignsgdVotesFromTheGradientItself) {
  const AlignedVector<float> g = some_vector(100, 5);
  const auto rule = make("signsgd");
  EXPECT_EQ(rule->vote_vector(g).data(), g.data());
}

TEST(WorkerRule, SignumVotesFromTheMomentumToTheBit) {
  constexpr std::size_t kD = 1057;
  for (const float beta : {0.0f, 0.9f, 0.99f}) {
    const auto rule = make(fmt::format("signum:{}", beta));
    std::vector<float> naive(kD, 0.0f);
    for (std::uint32_t round = 0; round < 20; ++round) {
      const AlignedVector<float> g = some_vector(kD, 100 + round);
      const std::span<const float> m = rule->vote_vector(g);
      ASSERT_EQ(m.size(), kD);
      for (std::size_t i = 0; i < kD; ++i) {
        volatile const float kept = beta * naive[i];  // each product is rounded
        volatile const float added = (1.0f - beta) * g[i];
        naive[i] = kept + added;
        ASSERT_EQ(m[i], naive[i]) << "round " << round << ", parameter " << i;
      }
    }
  }
}

TEST(WorkerRule, SignumPacksInOnePassWhatItWouldVoteFrom) {
  constexpr std::size_t kD = 1057;
  const auto fused = make("signum:0.9");
  const auto plain = make("signum:0.9");
  for (std::uint32_t round = 0; round < 5; ++round) {
    const AlignedVector<float> g = some_vector(kD, 100 + round);
    const kernels::CoinAddress coins{{1, 2}, round, 3};
    std::vector<std::uint32_t> signs(word_count(kD));
    ASSERT_TRUE(fused->pack_signs(g, coins, signs.data()));
    const std::span<const float> v = plain->vote_vector(g);
    std::vector<std::uint32_t> expected(word_count(kD));
    kernels::kernels().pack_signs(v.data(), kD, coins, expected.data());
    ASSERT_EQ(signs, expected) << "round " << round;
    ASSERT_EQ(copy_state(fused->slots()), copy_state(plain->slots())) << "round " << round;
  }
}

TEST(WorkerRule, WithoutMomentumThereIsNothingToGainInOnePass) {
  const AlignedVector<float> g = some_vector(10, 1);
  std::uint32_t signs = 7;
  EXPECT_FALSE(make("signsgd")->pack_signs(g, {}, &signs));
  EXPECT_EQ(signs, 7u);
}

}  // namespace
}  // namespace psephos::worker_rule_test
