#include "runtime/rules/rule_state.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace psephos {
namespace {

constexpr std::size_t kD = 5;

// A rule that remembers a vector of each kind.
struct Rule {
  AlignedVector<float> momentum;
  AlignedVector<std::uint32_t> ages;
  RuleSlots slots() { return {{"momentum", &momentum}, {"ages", &ages}}; }
};

Rule some_rule() { return {{1, -2, 3, 0, 0.5F}, {1, 2, 3, 4, 5}}; }

TEST(RuleState, ComesBackThroughBytesAsItWas) {
  Rule rule = some_rule();
  Bytes bytes = {7};  // what stood before
  append_state(copy_state(rule.slots()), bytes);
  EXPECT_EQ(bytes.size(), 1 + state_bytes(copy_state(rule.slots())));
  EXPECT_LE(bytes.size() - 1, max_rule_state_bytes(kD));
  bytes.push_back(9);  // and what stands behind
  std::span<const std::uint8_t> rest = std::span(bytes).subspan(1);
  const auto read = take_state(rest, kD);
  ASSERT_TRUE(read.ok()) << read.error().text;
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0], 9);
  Rule other;
  ASSERT_TRUE(restore_state(*read, kD, other.slots()).ok());
  EXPECT_EQ(other.momentum, rule.momentum);
  EXPECT_EQ(other.ages, rule.ages);
}

TEST(RuleState, OfARuleThatHasNotBegunIsEmptyVectors) {
  Rule fresh;
  Bytes bytes;
  append_state(copy_state(fresh.slots()), bytes);
  std::span<const std::uint8_t> rest = bytes;
  const auto read = take_state(rest, kD);
  ASSERT_TRUE(read.ok());
  Rule rule = some_rule();
  ASSERT_TRUE(restore_state(*read, kD, rule.slots()).ok());
  EXPECT_TRUE(rule.momentum.empty());
  EXPECT_TRUE(rule.ages.empty());
}

TEST(RuleState, NoVectorsAtAllMeanThatNothingWasRemembered) {
  Rule rule = some_rule();
  ASSERT_TRUE(restore_state({}, kD, rule.slots()).ok());
  EXPECT_TRUE(rule.momentum.empty());
}

TEST(RuleState, IsRefusedWhereItIsNotThisRulesAndThenNothingChanges) {
  const auto refused = [](RuleState state) {
    Rule rule = some_rule();
    const Status status = restore_state(std::move(state), kD, rule.slots());
    EXPECT_EQ(rule.momentum, some_rule().momentum);
    EXPECT_EQ(rule.ages, some_rule().ages);
    return status ? std::string() : status.error().text;
  };
  Rule rule = some_rule();
  const RuleState good = copy_state(rule.slots());
  EXPECT_EQ(refused(good), "");
  RuleState state = good;
  state[0].name = "residual";
  EXPECT_NE(refused(state).find("another rule: this one keeps momentum, ages"), std::string::npos);
  state = {good[0]};
  EXPECT_NE(refused(state), "");
  state = {good[1], good[0]};
  EXPECT_NE(refused(state), "");
  state = good;
  state[0].numbers = AlignedVector<std::uint32_t>(kD);
  EXPECT_NE(refused(state), "");
  state = good;
  state[1].numbers = AlignedVector<std::uint32_t>(kD - 1);
  EXPECT_NE(refused(state).find("4 numbers"), std::string::npos);
  state = good;
  std::get<0>(state[0].numbers)[2] = std::numeric_limits<float>::infinity();
  EXPECT_NE(refused(state).find("not finite"), std::string::npos);
}

TEST(RuleState, BytesThatNobodyWroteAreRefusedBeforeTheyAreBelieved) {
  Rule rule = some_rule();
  Bytes whole;
  append_state(copy_state(rule.slots()), whole);
  const auto refused = [](const Bytes& bytes) {
    std::span<const std::uint8_t> rest = bytes;
    return !take_state(rest, kD).ok();
  };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(refused(Bytes(whole.begin(), whole.begin() + static_cast<int>(size)))) << size;
  }
  const auto with = [&](std::size_t at, auto value) {
    Bytes bytes = whole;
    std::memcpy(bytes.data() + at, &value, sizeof value);
    return bytes;
  };
  EXPECT_TRUE(refused(with(0, std::uint32_t{0xFFFFFFFF})));  // vectors
  EXPECT_TRUE(refused(with(4, std::uint8_t{0})));            // a name of no letters
  EXPECT_TRUE(refused(with(4, std::uint8_t{33})));           // or of too many
  EXPECT_TRUE(refused(with(5, ' ')));
  EXPECT_TRUE(refused(with(13, std::uint8_t{2})));            // of no kind
  EXPECT_TRUE(refused(with(14, std::uint32_t{4})));           // not d numbers
  EXPECT_TRUE(refused(with(14, std::uint32_t{0x40000000})));  // nor a billion
  EXPECT_TRUE(refused(with(18, std::numeric_limits<float>::quiet_NaN())));
  EXPECT_FALSE(refused(with(18, 2.0F)));
}

}  // namespace
}  // namespace psephos
