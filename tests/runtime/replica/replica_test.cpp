#include "runtime/replica/replica.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "runtime/replica/fingerprint.h"

namespace psephos {
namespace {

PackedSigns random_decision(std::size_t parameters, bool binary, std::mt19937_64& random) {
  PackedSigns decision;
  decision.parameters = parameters;
  for (std::size_t w = 0; w < word_count(parameters); ++w) {
    const std::uint32_t valid = valid_bits(w, parameters);
    const std::uint32_t voted = binary ? valid : valid & static_cast<std::uint32_t>(random());
    decision.signs.push_back(voted & static_cast<std::uint32_t>(random()));
    decision.voted.push_back(voted);
  }
  make_canonical(decision);
  return decision;
}

// Volatile keeps each rounding: no compiler may contract or widen these two steps.
float two_roundings(float x, int sign, float delta, float keep) {
  volatile float product = x * keep;
  volatile float result = product;
  if (sign > 0) result = product - delta;
  if (sign < 0) result = product + delta;
  return result;
}

TEST(Replica, AppliesADecisionWithTwoRoundingsToTheBit) {
  std::mt19937_64 random(1);
  for (const std::size_t d : {0u, 1u, 31u, 33u, 1023u, 1024u, 1025u, 1500u, 2080u, 5000u}) {
    for (const bool binary : {true, false}) {
      for (const float keep : {1.0f, 0.99993896f, 0.3f}) {
        Replica replica(d);
        for (float& x : replica.mutable_parameters()) {
          const auto mantissa = static_cast<float>(static_cast<std::int32_t>(random()));
          x = mantissa * (random() % 8 == 0 ? 1e-40f : 1e-10f);  // some denormal
        }
        const std::vector<float> before(replica.parameters().begin(), replica.parameters().end());
        const PackedSigns decision = random_decision(d, binary, random);
        replica.apply(decision, 0.0012345f, keep);
        for (std::size_t i = 0; i < d; ++i) {
          ASSERT_EQ(std::bit_cast<std::uint32_t>(replica.parameters()[i]),
                    std::bit_cast<std::uint32_t>(
                        two_roundings(before[i], decision.at(i), 0.0012345f, keep)))
              << "parameter " << i << " of " << d;
        }
      }
    }
  }
}

TEST(Replica, EqualDecisionsKeepReplicasEqual) {
  std::mt19937_64 random(2);
  Replica first(3000);
  Replica second(3000);
  for (int round = 0; round < 20; ++round) {
    const PackedSigns decision = random_decision(3000, round % 3 == 0, random);
    const std::uint64_t before = first.fingerprint();
    first.apply(decision, 0.01f, 0.999f);
    EXPECT_NE(first.fingerprint(), before);
    second.apply(decision, 0.01f, 0.999f);
    ASSERT_EQ(first.fingerprint(), second.fingerprint());
    ASSERT_EQ(first.fingerprint(), fingerprint(first.parameters()));
  }
}

TEST(Replica, IsMovedOnSeveralThreadsToTheSameBits) {
  std::mt19937_64 random(3);
  const std::size_t d = 3 * (std::size_t{1} << 20) + 777;
  Replica alone(d);
  Replica together(d);
  for (const bool binary : {true, false}) {
    const PackedSigns decision = random_decision(d, binary, random);
    const std::uint64_t after = alone.apply(decision, 0.01f, 0.999f);
    EXPECT_EQ(after, alone.fingerprint());
    EXPECT_EQ(together.apply(decision, 0.01f, 0.999f, 3), after);
    EXPECT_EQ(together.fingerprint(), after);
  }
}

TEST(ReplicaDeathTest, StopsAtWhatWouldSpoilIt) {
  std::mt19937_64 random(3);
  Replica replica(40);
  const PackedSigns decision = random_decision(40, true, random);
  EXPECT_DEATH(replica.apply(random_decision(41, true, random), 0.1f, 1), "number of parameters");
  EXPECT_DEATH(replica.apply(decision, 0, 1), "finite and positive");
  EXPECT_DEATH(replica.apply(decision, INFINITY, 1), "finite and positive");
  EXPECT_DEATH(replica.apply(decision, 0.1f, 0), "keep outside");
  EXPECT_DEATH(replica.apply(decision, 0.1f, NAN), "keep outside");
}

// Tensors that share blocks, that end with them, and a last short one; a step of 0 among them.
TEST(Replica, AppliesAStepForEachTensorToTheBit) {
  std::mt19937_64 random(9);
  for (const std::vector<std::uint32_t>& counts : std::vector<std::vector<std::uint32_t>>{
           {1}, {1024}, {70000, 5}, {3, 1021, 2000, 40}, {1024, 1024, 1}, {66000, 66000}}) {
    TensorTable tensors;
    std::vector<float> steps;
    std::uint32_t d = 0;
    for (const std::uint32_t count : counts) {
      tensors.push_back({"t", d, count, 0});
      steps.push_back(tensors.size() == 2 ? 0.0F : 0.1F / static_cast<float>(tensors.size()));
      d += count;
    }
    for (const float keep : {1.0F, 0.999F}) {
      for (const bool all_voted : {false, true}) {
        const PackedSigns decision = random_decision(d, all_voted, random);
        Replica x(d);
        std::vector<float> naive(d);
        for (std::uint32_t i = 0; i < d; ++i) {
          naive[i] = x.mutable_parameters()[i] = static_cast<float>(i % 17) - 8.25F;
        }
        for (std::size_t t = 0; t < tensors.size(); ++t) {
          for (std::size_t i = tensors[t].offset; i < tensors[t].offset + tensors[t].count; ++i) {
            volatile float kept = naive[i] * keep;
            const int sign = decision.at(i);
            naive[i] = sign > 0 ? kept - steps[t] : sign < 0 ? kept + steps[t] : kept;
          }
        }
        const auto ranges = step_ranges(d, 0.5F, steps, tensors);
        const std::uint64_t said = x.apply(decision, ranges, keep, 2);
        ASSERT_TRUE(std::ranges::equal(x.parameters(), naive)) << d << ", keep " << keep;
        EXPECT_EQ(said, x.fingerprint());
      }
    }
  }
}

}  // namespace
}  // namespace psephos
