#include "runtime/vote/agreement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/runtime/vote/random_signs.h"

namespace psephos {
namespace {

using testing::pack_values;
using testing::random_values;

constexpr PhiloxKey kRun = {.seed = 5, .stream = kRunStream};

// The same estimate, one parameter at a time.
double expected(const std::vector<int>& ballot, const std::vector<int>& decision,
                std::uint32_t round) {
  const auto blocks = static_cast<std::uint32_t>((ballot.size() + 1023) / 1024);
  int both = 0;
  int equal = 0;
  for (const std::uint32_t word : philox(kRun, round, Purpose::kAgreement, 0)) {
    const std::size_t first = std::size_t{1024} * below(word, blocks);
    for (std::size_t i = first; i < std::min(first + 1024, ballot.size()); ++i) {
      if (ballot[i] == 0 || decision[i] == 0) continue;
      both += 1;
      equal += ballot[i] == decision[i] ? 1 : 0;
    }
  }
  return both == 0 ? 0.5 : double(equal) / both;
}

TEST(Agreement, IsTheShareOfEqualSignsInTheBlocksOfTheRound) {
  std::mt19937_64 random(1);
  for (const std::size_t d : {1u, 31u, 1000u, 1024u, 1025u, 7850u, 20'000u}) {
    for (std::uint32_t round = 0; round < 8; ++round) {
      const std::vector<int> ballot = random_values(d, round % 2 == 0, random);
      const std::vector<int> decision = random_values(d, round % 4 < 2, random);
      const AgreementSample sample(pack_values(ballot), kRun, round);
      ASSERT_EQ(sample.with(pack_values(decision)), expected(ballot, decision, round)) << d;
    }
  }
}

TEST(Agreement, IsOneWithItselfAndZeroWithItsOpposite) {
  std::mt19937_64 random(2);
  std::vector<int> values = random_values(5000, true, random);
  const AgreementSample sample(pack_values(values), kRun, 9);
  EXPECT_EQ(sample.with(pack_values(values)), 1.0);
  for (int& value : values) value = -value;
  EXPECT_EQ(sample.with(pack_values(values)), 0.0);
}

TEST(Agreement, SaysNothingWhereNobodyVoted) {
  std::mt19937_64 random(3);
  const AgreementSample sample(pack_values(random_values(3000, true, random)), kRun, 0);
  EXPECT_EQ(sample.with(pack_values(std::vector<int>(3000, 0))), 0.5);
  EXPECT_EQ(AgreementSample(pack_values({}), kRun, 0).with(pack_values({})), 0.5);
}

}  // namespace
}  // namespace psephos
