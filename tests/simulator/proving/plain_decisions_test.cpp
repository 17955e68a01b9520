#include "simulator/proving/plain_decisions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "runtime/signs/layout.h"

namespace psephos::proving {
namespace {

constexpr std::size_t kD = 2100;  // blocks, and a short one
const TensorTable kTensors = {{"a", 0, 2000, 0}, {"b", 2000, 100, 0}};
constexpr float kDelta = 0.125F;

// What one round's ballots sum to.
struct Round {
  std::uint32_t voters = 0;
  std::vector<std::int32_t> net;
};

Round some_round(std::mt19937& random) {
  Round round;
  round.voters = 1 + static_cast<std::uint32_t>(random() % 9);
  round.net.resize(kD);
  for (std::int32_t& net : round.net) {
    for (std::uint32_t voter = 0; voter < round.voters; ++voter) {
      net += static_cast<std::int32_t>(random() % 3) - 1;
    }
  }
  return round;
}

// The sums as a shipping rule is shown them.
class Shown : public VoteCounts {
 public:
  explicit Shown(const Round& round) : round_(round) {}
  std::size_t parameters() const override { return kD; }
  std::uint32_t voters() const override { return round_.voters; }
  PackedSigns decide(std::uint32_t margin) const override {
    PackedSigns signs;
    signs.parameters = kD;
    signs.signs.resize(word_count(kD));
    signs.voted.resize(word_count(kD));
    for (std::size_t i = 0; i < kD; ++i) {
      if (std::abs(round_.net[i]) < static_cast<std::int64_t>(margin)) continue;
      const BitPosition at = bit_position(i, kD);
      signs.voted[at.word] |= 1u << at.bit;
      if (round_.net[i] < 0) signs.signs[at.word] |= 1u << at.bit;
    }
    return signs;
  }
  void net(std::size_t first, std::span<std::int32_t> into) const override {
    std::copy_n(round_.net.begin() + static_cast<std::ptrdiff_t>(first), into.size(), into.begin());
  }

 private:
  const Round& round_;
};

void expect_same(const Decided& shipped, const PlainDecisions::Expected& plain) {
  ASSERT_EQ(plain.signs.size(), kD);
  for (std::size_t i = 0; i < kD; ++i) ASSERT_EQ(plain.signs[i], shipped.signs.at(i)) << i;
  EXPECT_EQ(plain.steps, shipped.steps);
}

// A rule's example, and others that are as good.
std::vector<std::string> examples() {
  std::vector<std::string> texts = {"quorum:0.000001", "quorum:0.333333",   "quorum:1",
                                    "momentum:0",      "momentum:0.5,0.05", "momentum:0.99,0.3"};
  for (const DecisionRuleInfo* rule : decision_rules().rules()) {
    texts.emplace_back(rule->head.example);
  }
  return texts;
}

// Else the truth would believe a shipping rule whatever it says.
TEST(PlainDecisions, KnowEveryRuleThatShips) {
  for (const DecisionRuleInfo* rule : decision_rules().rules()) {
    EXPECT_TRUE(PlainDecisions::knows(rule->head.word)) << rule->head.word;
  }
  EXPECT_FALSE(PlainDecisions::knows("hearsay"));
}

TEST(PlainDecisions, AreTheShippingRulesOnRandomVotes) {
  for (const std::string& text : examples()) {
    SCOPED_TRACE(text);
    const DecisionChoice choice = parse_decision_rule(text).value();
    const auto shipping = choice.rule->make(choice.values);
    PlainDecisions plain(choice, kTensors);
    std::mt19937 random(7);
    EXPECT_EQ(plain.remembered(0), copy_state(shipping->slots())) << "before anything is decided";
    for (std::uint32_t k = 0; k < 30; ++k) {
      SCOPED_TRACE(k);
      const Round round = some_round(random);
      const Decided decided = shipping->decide(Shown(round), {&kTensors, kDelta, {}, 1});
      expect_same(decided, plain.decide(k, round.net, round.voters, kDelta, {}));
      EXPECT_EQ(plain.remembered(k + 1), copy_state(shipping->slots()));
    }
  }
}

TEST(PlainDecisions, GoOnFromAnEarlierRoundAsIfTheLaterOnesHadNotBeen) {
  for (const std::string& text : examples()) {
    SCOPED_TRACE(text);
    const DecisionChoice choice = parse_decision_rule(text).value();
    PlainDecisions plain(choice, kTensors);
    PlainDecisions straight(choice, kTensors);
    std::mt19937 random(11);
    std::vector<Round> rounds;
    for (std::uint32_t k = 0; k < 12; ++k) rounds.push_back(some_round(random));
    for (std::uint32_t k = 0; k < 8; ++k) {
      plain.decide(k, rounds[k].net, rounds[k].voters, kDelta, {});
    }
    // A ledger was restored: from round 3 on other ballots are counted.
    for (const std::uint32_t back_to : {7u, 3u, 3u, 0u}) {
      straight = PlainDecisions(choice, kTensors);
      for (std::uint32_t k = 0; k < back_to; ++k) {
        straight.decide(k, rounds[k].net, rounds[k].voters, kDelta, {});
      }
      for (std::uint32_t k = back_to; k < 10; ++k) {
        rounds[k] = some_round(random);
        const auto again = plain.decide(k, rounds[k].net, rounds[k].voters, kDelta, {});
        const auto expected = straight.decide(k, rounds[k].net, rounds[k].voters, kDelta, {});
        ASSERT_EQ(again.signs, expected.signs) << "from " << back_to << ", round " << k;
        ASSERT_EQ(plain.remembered(k + 1), straight.remembered(k + 1));
      }
    }
  }
}

// A rule that the truth has never heard of: half of the votes' sums so far, with steps.
class Hearsay : public DecisionRule {
 public:
  Decided decide(const VoteCounts& counts, const DecisionContext& context) override {
    if (sums_.empty()) sums_.resize(counts.parameters());
    std::vector<std::int32_t> net(counts.parameters());
    counts.net(0, net);
    Decided decided;
    decided.signs.parameters = net.size();
    decided.signs.signs.resize(word_count(net.size()));
    decided.signs.voted.resize(word_count(net.size()));
    for (std::size_t i = 0; i < net.size(); ++i) {
      sums_[i] = sums_[i] * 0.5F + static_cast<float>(net[i]);
      if (sums_[i] == 0) continue;
      const BitPosition at = bit_position(i, net.size());
      decided.signs.voted[at.word] |= 1u << at.bit;
      if (sums_[i] < 0) decided.signs.signs[at.word] |= 1u << at.bit;
    }
    decided.steps.assign(context.tensors->size(), context.delta * 0.5F);
    return decided;
  }
  RuleSlots slots() override { return {{"sums", &sums_}}; }

 private:
  AlignedVector<float> sums_;
};

const DecisionRuleInfo kHearsay = {
    .head = {.word = "hearsay", .help = "hearsay", .example = "hearsay", .parameters = {}},
    .needs = [](std::span<const double>) { return DecisionNeeds{.state = true}; },
    .make = [](std::span<const double>) -> std::unique_ptr<DecisionRule> {
      return std::make_unique<Hearsay>();
    }};

TEST(PlainDecisions, OfARuleThatTheyDoNotKnowTheyTakeItsWordAlsoFromAnEarlierRound) {
  const DecisionChoice choice{&kHearsay, {}};
  PlainDecisions plain(choice, kTensors);
  std::mt19937 random(13);
  std::vector<Round> rounds;
  for (std::uint32_t k = 0; k < 10; ++k) rounds.push_back(some_round(random));
  for (std::uint32_t k = 0; k < 10; ++k) {
    plain.decide(k, rounds[k].net, rounds[k].voters, kDelta, {});
  }
  const std::uint32_t back_to = 4;
  Hearsay shipping;
  for (std::uint32_t k = 0; k < back_to; ++k)
    shipping.decide(Shown(rounds[k]), {&kTensors, kDelta, {}, 1});
  for (std::uint32_t k = back_to; k < 10; ++k) {
    const Round round = some_round(random);
    expect_same(shipping.decide(Shown(round), {&kTensors, kDelta, {}, 1}),
                plain.decide(k, round.net, round.voters, kDelta, {}));
    EXPECT_EQ(plain.remembered(k + 1), copy_state(shipping.slots()));
  }
}

}  // namespace
}  // namespace psephos::proving
