#include "runtime/rules/decision/decision_rule.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "runtime/rules/decision/quorum.h"
#include "runtime/vote/net_counts.h"
#include "runtime/vote/tally.h"
#include "tests/runtime/vote/random_signs.h"

namespace psephos {
namespace {

using testing::pack_values;
using testing::random_values;

DecisionChoice quorum(std::uint32_t ppm) {
  DecisionChoice choice = parse_decision_rule("quorum:1").value();
  choice.values = {static_cast<double>(ppm)};
  return choice;
}
DecisionChoice majority() { return parse_decision_rule("majority").value(); }

PackedSigns decide(const Tally& tally, const DecisionChoice& choice) {
  return choice.rule->make(choice.values)->decide(tally, {}).signs;
}

TEST(DecisionRule, ReadsThetaExactly) {
  EXPECT_EQ(*parse_decision_rule("majority"), decision_rules().first());
  EXPECT_EQ(*parse_decision_rule("quorum:0.1"), quorum(100'000));
  EXPECT_EQ(*parse_decision_rule("quorum:1"), quorum(1'000'000));
  EXPECT_EQ(*parse_decision_rule("quorum:1.000000"), quorum(1'000'000));
  EXPECT_EQ(*parse_decision_rule("quorum:0.000001"), quorum(1));
  EXPECT_EQ(*parse_decision_rule("quorum:0.333333"), quorum(333'333));
}

TEST(DecisionRule, RefusesWhatIsNoRule) {
  for (const char* text : {"",
                           "Majority",
                           "quorum",
                           "quorum:",
                           "quorum:0",
                           "quorum:0.000000",
                           "quorum:1.000001",
                           "quorum:1.5",
                           "quorum:2",
                           "quorum:-0.1",
                           "quorum:+0.1",
                           "quorum:.1",
                           "quorum:0.",
                           "quorum:0.1234567",
                           "quorum:0.1 ",
                           "quorum: 0.1",
                           "quorum:1e-1",
                           "quorum:00.1",
                           "quorum:0,1",
                           "quorum:nan",
                           "quorum:0.1x",
                           "quorum:0.1.2"}) {
    const Result<DecisionChoice> rule = parse_decision_rule(text);
    ASSERT_FALSE(rule.ok()) << text;
    EXPECT_NE(rule.error().text.find(fmt::format("'{}'", text)), std::string::npos);
    EXPECT_NE(rule.error().text.find("quorum:THETA"), std::string::npos);
  }
}

TEST(DecisionRule, MajorityTakesNoNumber) {
  EXPECT_EQ(parse_decision_rule("majority:0.1").error().text,
            "'majority:0.1' is no decision rule: majority takes no numbers");
}

TEST(DecisionRule, PrintsWhatItReads) {
  EXPECT_EQ(to_string(majority()), "majority");
  EXPECT_EQ(to_string(quorum(100'000)), "quorum:0.1");
  EXPECT_EQ(to_string(quorum(1'000'000)), "quorum:1");
  EXPECT_EQ(to_string(quorum(1)), "quorum:0.000001");
  for (std::uint32_t ppm = 1; ppm <= 1'000'000; ppm += 97) {
    ASSERT_EQ(*parse_decision_rule(to_string(quorum(ppm))), quorum(ppm));
  }
}

TEST(DecisionRule, MarginIsTheSmallestIntegerThatReachesTheta) {
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 20'000; ++trial) {
    const auto ppm = static_cast<std::uint32_t>(random() % 1'000'000 + 1);
    const auto voters = static_cast<std::uint32_t>(random() % (kMaxVoters + 1));
    const std::uint64_t margin = quorum_margin(ppm, voters);
    const std::uint64_t needed = std::uint64_t{ppm} * voters;
    ASSERT_GE(margin, 1u);
    ASSERT_GE(margin * 1'000'000, needed);
    if (margin > 1) {
      ASSERT_LT((margin - 1) * 1'000'000, needed);
    }
  }
}

TEST(DecisionRule, MarginHasNoRoundingOfFloats) {
  EXPECT_EQ(quorum_margin(100'000, 10), 1u);
  EXPECT_EQ(quorum_margin(100'000, 30), 3u);  // 0.1 * 30 is above 3 in floats
  EXPECT_EQ(quorum_margin(100'000, 31), 4u);
  EXPECT_EQ(quorum_margin(700'000, 10), 7u);
  EXPECT_EQ(quorum_margin(1'000'000, kMaxVoters), kMaxVoters);
  EXPECT_EQ(quorum_margin(1, 5), 1u);
  EXPECT_EQ(quorum_margin(500'000, 0), 1u);
}

// Ten voters over d parameters; parameter i gets i mod 11 negative votes.
Tally ramp(std::size_t d) {
  Tally tally(d);
  for (std::size_t v = 0; v < 10; ++v) {
    std::vector<int> values(d);
    for (std::size_t i = 0; i < d; ++i) values[i] = v < i % 11 ? -1 : 1;
    tally.add(pack_values(values));
  }
  return tally;
}

TEST(DecisionRule, QuorumAbstainsBelowItsMargin) {
  const Tally tally = ramp(1100);
  const PackedSigns decision = decide(tally, quorum(400'000));
  for (std::size_t i = 0; i < 1100; ++i) {
    const int net = 10 - 2 * static_cast<int>(i % 11);
    ASSERT_EQ(decision.at(i), net >= 4 ? 1 : net <= -4 ? -1 : 0);
  }
}

TEST(DecisionRule, TernaryDownlinkLeavesTiesAtZero) {
  const PackedSigns decision = decide(ramp(1100), majority());
  for (std::size_t i = 0; i < 1100; ++i) {
    ASSERT_EQ(decision.at(i) == 0, i % 11 == 5);
  }
}

// Rounds of votes, as a plain sum: what each parameter's net is.
struct Rounds {
  explicit Rounds(std::size_t parameters) : d(parameters), u(parameters, 0.0F) {}

  // A round of `voters` random ballots, some of which abstain.
  Tally next(std::uint32_t voters, std::mt19937_64& random) {
    Tally tally(d);
    net.assign(d, 0);
    for (std::uint32_t v = 0; v < voters; ++v) {
      const std::vector<int> values = random_values(d, v % 2 == 0, random);
      for (std::size_t i = 0; i < d; ++i) net[i] += values[i];
      tally.add(pack_values(values));
    }
    return tally;
  }

  // u <- fl(fl(beta*u) + fl(c*net)), what is below 2^-60 becoming nothing.
  void move(float beta, std::uint32_t voters) {
    const auto c = static_cast<float>((1.0 - static_cast<double>(beta)) / voters);
    for (std::size_t i = 0; i < d; ++i) {
      volatile const float kept = beta * u[i];
      volatile const float added = c * static_cast<float>(net[i]);
      const float moved = kept + added;
      u[i] = std::abs(moved) < 0x1p-60F ? 0.0F : moved;
    }
  }

  std::size_t d;
  std::vector<int> net;
  std::vector<float> u;
};

TEST(DecisionRule, MomentumDecidesByTheSumOfRoundsToTheBit) {
  std::mt19937_64 random(3);
  for (const std::size_t d : {1u, 33u, 1023u, 1024u, 2079u, 5000u}) {
    for (const float dead_band : {0.0F, 0.05F}) {
      const DecisionChoice choice =
          parse_decision_rule(fmt::format("momentum:0.9,{}", dead_band)).value();
      const auto rule = choice.rule->make(choice.values);
      Rounds rounds(d);
      for (std::uint32_t round = 0; round < 12; ++round) {
        const std::uint32_t voters = 1 + round % 5;
        const Tally tally = rounds.next(voters, random);
        const PackedSigns decision = rule->decide(tally, {.threads = 1 + round % 3}).signs;
        rounds.move(0.9F, voters);
        std::vector<int> expected(d);
        for (std::size_t i = 0; i < d; ++i) {
          const float u = rounds.u[i];
          expected[i] = std::abs(u) > dead_band ? (u > 0 ? 1 : -1) : 0;
        }
        ASSERT_EQ(decision, pack_values(expected)) << "d " << d << ", round " << round;
        const RuleState state = copy_state(rule->slots());
        const auto& kept = std::get<AlignedVector<float>>(state.at(0).numbers);
        ASSERT_TRUE(std::ranges::equal(kept, rounds.u)) << "d " << d << ", round " << round;
      }
    }
  }
}

TEST(DecisionRule, MomentumDecidesTheSameFromCountsThatWereKept) {
  std::mt19937_64 random(4);
  const DecisionChoice choice = parse_decision_rule("momentum:0.95").value();
  const auto first = choice.rule->make(choice.values);
  const auto again = choice.rule->make(choice.values);
  Rounds rounds(3000);
  for (std::uint32_t round = 0; round < 6; ++round) {
    const Tally tally = rounds.next(7, random);
    const auto kept = NetCounts::parse(NetCounts(tally).serialise(), 3000);
    ASSERT_TRUE(kept.ok());
    ASSERT_EQ(first->decide(tally, {}).signs, again->decide(*kept, {}).signs);
  }
}

TEST(DecisionRule, AStrayVoteDecaysToNothingInsteadOfSteeringForEver) {
  const DecisionChoice choice = parse_decision_rule("momentum:0.5").value();
  const auto rule = choice.rule->make(choice.values);
  Tally stray(1);
  stray.add(pack_values(std::vector<int>{1}));
  EXPECT_EQ(rule->decide(stray, {}).signs.at(0), 1);
  Tally nothing(1);
  nothing.add(pack_values(std::vector<int>{0}));
  int steered = 0;
  while (rule->decide(nothing, {}).signs.at(0) != 0) ++steered;
  EXPECT_EQ(steered, 59);  // 2^-1 down to 2^-60
}

TEST(DecisionRule, NeedsFollowFromTheNumbers) {
  EXPECT_FALSE(needs_of(majority()).zeros);
  EXPECT_TRUE(needs_of(quorum(1)).zeros);
  EXPECT_FALSE(needs_of(*parse_decision_rule("momentum:0.9")).zeros);
  EXPECT_TRUE(needs_of(*parse_decision_rule("momentum:0.9,0.1")).zeros);
  EXPECT_TRUE(needs_of(*parse_decision_rule("momentum:0.9")).state);
  EXPECT_FALSE(needs_of(quorum(1)).state);
}

}  // namespace
}  // namespace psephos
