#include "coordinator/counting/cpu_counter.h"

#include <gtest/gtest.h>

#include "runtime/replica/fingerprint.h"
#include "runtime/replica/replica.h"
#include "runtime/vote/net_counts.h"
#include "tests/coordinator/counting/halving_rule.h"
#include "tests/coordinator/counting/rooms.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos::coordinator::cpu_counter_test {
namespace {

using psephos::testing::held;
using psephos::testing::random_text;
using psephos::testing::signs_of;
using testing::counter_start;

constexpr std::size_t kParameters = 1500;
constexpr float kDelta = 0.5F;
constexpr float kKeep = 0.75F;

RunConfig config() {
  RunConfig config;
  config.hyper.seed = 3;
  return config;
}

Contribution ballot(std::uint32_t voter) {
  const std::string signs = random_text(kParameters, voter % 2 * 30, voter);
  return {{{"client-" + std::to_string(voter), 7}}, held(signs_of(signs))};
}

// What somebody else has counted of some voters.
Contribution merged(std::uint32_t first, std::uint32_t last) {
  Contribution all;
  auto tally = std::make_shared<Tally>(kParameters);
  for (std::uint32_t voter = first; voter <= last; ++voter) {
    const Contribution one = ballot(voter);
    all.ballots.push_back(one.ballots.front());
    const auto& signs = std::get<HeldSigns>(one.votes);
    tally->add(signs.view, signs.keeper);
  }
  all.votes = std::move(tally);
  return all;
}

CounterClosed closed(CpuCounter& counter, const CloseOrder& order) {
  counter.close(order);
  const auto answer = counter.take();
  EXPECT_TRUE(answer && std::holds_alternative<CounterClosed>(*answer));
  EXPECT_FALSE(counter.take());
  return std::get<CounterClosed>(*answer);
}

TEST(CpuCounter, AnswersACloseAtOnceWithWhatItsParametersBecame) {
  CpuCounter counter(counter_start(config(), Replica(kParameters), 7));
  Replica x(kParameters);
  for (std::uint32_t round = 7; round < 12; ++round) {
    Tally tally(kParameters);
    for (std::uint32_t voter = 1; voter <= 3; ++voter) {
      const Contribution one = ballot(voter + round);
      counter.count(one);
      const auto& signs = std::get<HeldSigns>(one.votes);
      tally.add(signs.view, signs.keeper);
    }
    EXPECT_FALSE(counter.take());
    const CounterClosed answer = closed(counter, {100 + round, round, kDelta, kKeep});
    EXPECT_EQ(answer.number, 100u + round);
    EXPECT_EQ(answer.round, round);
    EXPECT_EQ(answer.voters, 3u);
    EXPECT_EQ(answer.decision, tally.decide(1));
    EXPECT_EQ(answer.fingerprint, x.apply(answer.decision, kDelta, kKeep));
    EXPECT_EQ(fingerprint(counter.parameters()), answer.fingerprint);
  }
}

TEST(CpuCounter, ATallyOfThreeCountsAsTheirThreeBallots) {
  CpuCounter singly(counter_start(config(), Replica(kParameters), 7));
  for (std::uint32_t voter = 1; voter <= 5; ++voter) singly.count(ballot(voter));
  CpuCounter together(counter_start(config(), Replica(kParameters), 7));
  together.count(ballot(1));
  together.count(merged(2, 4));
  together.count(ballot(5));
  EXPECT_EQ(singly.decide(kDelta, {}).signs, together.decide(kDelta, {}).signs);
  const CounterClosed one = closed(singly, {1, 7, kDelta, kKeep});
  const CounterClosed other = closed(together, {1, 7, kDelta, kKeep});
  EXPECT_EQ(one.voters, 5u);
  EXPECT_EQ(other.voters, 5u);
  EXPECT_EQ(one.decision, other.decision);
  EXPECT_EQ(one.fingerprint, other.fingerprint);
}

TEST(CpuCounter, LosesWhatIsCountedUntilTheLossIsTaken) {
  CpuCounter counter(counter_start(config(), Replica(kParameters), 7));
  const std::uint64_t before = fingerprint(counter.parameters());
  counter.count(ballot(1));
  counter.lose();
  counter.count(ballot(2));
  counter.close({1, 7, kDelta, kKeep});  // the loss answers it
  const auto answer = counter.take();
  ASSERT_TRUE(answer && std::holds_alternative<CounterLost>(*answer));
  EXPECT_EQ(std::get<CounterLost>(*answer).round, 7u);
  EXPECT_FALSE(counter.take());
  EXPECT_EQ(fingerprint(counter.parameters()), before);
  counter.count(ballot(3));
  const CounterClosed closed_now = closed(counter, {2, 7, kDelta, kKeep});
  EXPECT_EQ(closed_now.voters, 1u);
}

TEST(CpuCounter, ADecidedRoundIsNotLostAnyMore) {
  CpuCounter counter(counter_start(config(), Replica(kParameters), 7));
  counter.count(ballot(1));
  counter.close({1, 7, kDelta, kKeep});
  counter.lose();
  const auto answer = counter.take();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(std::holds_alternative<CounterClosed>(*answer));
  EXPECT_FALSE(counter.take());
}

TEST(CpuCounter, CountsAreThereWhereTheOrderWantsThem) {
  CpuCounter counter(counter_start(config(), Replica(kParameters), 7));
  Tally tally(kParameters);
  for (std::uint32_t voter = 1; voter <= 3; ++voter) {
    const Contribution one = ballot(voter);
    counter.count(one);
    const auto& signs = std::get<HeldSigns>(one.votes);
    tally.add(signs.view, signs.keeper);
  }
  const CounterClosed answer = closed(counter, {1, 7, kDelta, kKeep, {}, true});
  ASSERT_TRUE(answer.counts);
  EXPECT_EQ(*answer.counts, NetCounts(tally).serialise());
  counter.count(ballot(1));
  EXPECT_FALSE(closed(counter, {2, 8, kDelta, kKeep, {}, false}).counts);
}

TEST(CpuCounter, ARuleWithStepsIsAppliedTensorByTensor) {
  RunConfig halving = config();
  halving.decision = testing::halving();
  const TensorTable tensors = {{"weight", 0, 1000, 0.25F}, {"bias", 1000, 500, 0}};
  CpuCounter counter({halving, tensors, Replica(kParameters), 7});
  counter.count(ballot(1));
  const CounterClosed answer = closed(counter, {1, 7, kDelta, kKeep});
  EXPECT_EQ(answer.steps, (std::vector<float>{kDelta, kDelta / 2}));
  for (std::size_t i = 0; i < kParameters; ++i) {
    const float step = i < 1000 ? kDelta : kDelta / 2;
    ASSERT_EQ(counter.parameters()[i], -step * static_cast<float>(answer.decision.at(i))) << i;
  }
}

RunConfig remembering() {
  RunConfig with_momentum = config();
  with_momentum.decision = *parse_decision_rule("momentum:0.9,0.3");
  return with_momentum;
}

TEST(CpuCounter, ACopyRemembersTheSameAndGoesItsOwnWay) {
  CpuCounter counter(counter_start(remembering(), Replica(kParameters), 7));
  counter.count(ballot(1));
  closed(counter, {1, 7, kDelta, kKeep});
  CpuCounter copy = counter;
  EXPECT_EQ(copy.state(), counter.state());
  copy.count(ballot(2));
  closed(copy, {2, 8, kDelta, kKeep});
  EXPECT_NE(copy.state(), counter.state());
  counter.count(ballot(2));
  closed(counter, {2, 8, kDelta, kKeep});
  EXPECT_EQ(copy.state(), counter.state());
}

TEST(CpuCounter, BeginsWithWhatItsRuleRemembers) {
  CpuCounter counter(counter_start(remembering(), Replica(kParameters), 7));
  counter.count(ballot(1));
  const CounterClosed first = closed(counter, {1, 7, kDelta, kKeep});
  const RunConfig run = remembering();
  std::unique_ptr<DecisionRule> rule = run.decision.rule->make(run.decision.values);
  ASSERT_TRUE(restore_state(counter.state(), kParameters, rule->slots()).ok());
  Replica x(kParameters);
  x.apply(first.decision, kDelta, kKeep);
  CpuCounter again(counter_start(run, std::move(x), 8, std::move(rule)));
  for (CpuCounter* one : {&counter, &again}) one->count(ballot(2));
  const CounterClosed one = closed(counter, {2, 8, kDelta, kKeep});
  const CounterClosed other = closed(again, {2, 8, kDelta, kKeep});
  EXPECT_EQ(one.decision, other.decision);
  EXPECT_EQ(one.fingerprint, other.fingerprint);
  EXPECT_EQ(counter.state(), again.state());
}

}  // namespace
}  // namespace psephos::coordinator::cpu_counter_test
