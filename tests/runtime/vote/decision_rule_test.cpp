#include "runtime/vote/decision_rule.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/runtime/vote/random_signs.h"

namespace psephos {
namespace {

using testing::pack_values;
using testing::random_values;

DecisionRule quorum(std::uint32_t ppm) {
  return {.kind = DecisionRule::Kind::kQuorum, .quorum_ppm = ppm};
}

TEST(DecisionRule, ReadsThetaExactly) {
  EXPECT_EQ(*parse_decision_rule("majority"), DecisionRule{});
  EXPECT_EQ(*parse_decision_rule("quorum:0.1"), quorum(100'000));
  EXPECT_EQ(*parse_decision_rule("quorum:1"), quorum(1'000'000));
  EXPECT_EQ(*parse_decision_rule("quorum:1.000000"), quorum(1'000'000));
  EXPECT_EQ(*parse_decision_rule("quorum:0.000001"), quorum(1));
  EXPECT_EQ(*parse_decision_rule("quorum:0.333333"), quorum(333'333));
}

TEST(DecisionRule, RefusesWhatIsNoRule) {
  for (const char* text : {"",
                           "Majority",
                           "majority:0.1",
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
    const Result<DecisionRule> rule = parse_decision_rule(text);
    ASSERT_FALSE(rule.ok()) << text;
    EXPECT_NE(rule.error().text.find(fmt::format("'{}'", text)), std::string::npos);
    EXPECT_NE(rule.error().text.find("quorum:0.1"), std::string::npos);
  }
}

TEST(DecisionRule, PrintsWhatItReads) {
  EXPECT_EQ(to_string(DecisionRule{}), "majority");
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
    const std::uint64_t margin = decision_margin(quorum(ppm), voters);
    const std::uint64_t needed = std::uint64_t{ppm} * voters;
    ASSERT_GE(margin, 1u);
    ASSERT_GE(margin * 1'000'000, needed);
    if (margin > 1) {
      ASSERT_LT((margin - 1) * 1'000'000, needed);
    }
  }
}

TEST(DecisionRule, MarginHasNoRoundingOfFloats) {
  EXPECT_EQ(decision_margin(quorum(100'000), 10), 1u);
  EXPECT_EQ(decision_margin(quorum(100'000), 30), 3u);  // 0.1 * 30 is above 3 in floats
  EXPECT_EQ(decision_margin(quorum(100'000), 31), 4u);
  EXPECT_EQ(decision_margin(quorum(700'000), 10), 7u);
  EXPECT_EQ(decision_margin(quorum(1'000'000), kMaxVoters), kMaxVoters);
  EXPECT_EQ(decision_margin(quorum(1), 5), 1u);
  EXPECT_EQ(decision_margin(quorum(500'000), 0), 1u);
  EXPECT_EQ(decision_margin(DecisionRule{}, 1000), 1u);
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
  const PackedSigns decision =
      decide(tally, quorum(400'000), Downlink::kTernary, {.seed = 1, .stream = kRunStream}, 0);
  for (std::size_t i = 0; i < 1100; ++i) {
    const int net = 10 - 2 * static_cast<int>(i % 11);
    ASSERT_EQ(decision.at(i), net >= 4 ? 1 : net <= -4 ? -1 : 0);
  }
}

TEST(DecisionRule, TernaryDownlinkLeavesTiesAtZero) {
  const PackedSigns decision = decide(ramp(1100), DecisionRule{}, Downlink::kTernary, {}, 0);
  for (std::size_t i = 0; i < 1100; ++i) {
    ASSERT_EQ(decision.at(i) == 0, i % 11 == 5);
  }
}

TEST(DecisionRule, BinaryDownlinkBreaksTiesByTheAddressedCoinAndNothingElse) {
  const PhiloxKey key = {.seed = 7, .stream = kRunStream};
  for (const std::size_t d : {1u, 33u, 1100u, 2048u, 2079u}) {
    const Tally tally = ramp(d);
    const PackedSigns decision = decide(tally, DecisionRule{}, Downlink::kBinary, key, 3);
    ASSERT_TRUE(decision.all_voted());
    std::vector<int> expected(d);
    for (std::size_t i = 0; i < d; ++i) {
      const BitPosition at = bit_position(i, d);
      const std::uint32_t coin = philox_word(key, 3, Purpose::kTieCoin, at.word) >> at.bit;
      const std::int64_t net = tally.net(i);
      expected[i] = net > 0 ? 1 : net < 0 ? -1 : (coin & 1) != 0 ? -1 : 1;
    }
    EXPECT_EQ(decision, pack_values(expected));  // bits past d included
  }
}

TEST(DecisionRule, TieCoinsChangeWithTheRoundAndTheRun) {
  Tally tie(2048);
  tie.add(pack_values(std::vector<int>(2048, 1)));
  tie.add(pack_values(std::vector<int>(2048, -1)));
  const PackedSigns first = decide(tie, {}, Downlink::kBinary, {.seed = 1, .stream = 2}, 3);
  EXPECT_EQ(decide(tie, {}, Downlink::kBinary, {.seed = 1, .stream = 2}, 3), first);
  EXPECT_NE(decide(tie, {}, Downlink::kBinary, {.seed = 1, .stream = 2}, 4), first);
  EXPECT_NE(decide(tie, {}, Downlink::kBinary, {.seed = 9, .stream = 2}, 3), first);
}

}  // namespace
}  // namespace psephos
