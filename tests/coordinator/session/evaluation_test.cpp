// When x is evaluated, and what clients' reports come to.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/coordinator/session/machine.h"

namespace psephos::coordinator {
namespace {

using namespace testing;

RunConfig evaluating(std::uint32_t every, std::uint32_t rounds, bool clients) {
  RunConfig config = config_for(1);
  config.hyper.rounds = rounds;
  config.eval_every = every;
  config.client_eval = clients;
  return config;
}

// Joins with so many samples.
void join(Machine& machine, const std::string& name, std::uint64_t samples) {
  wire::Join join = join_of(name);
  join.samples = samples;
  machine.tell(name, join);
}

void report(Machine& machine, const std::string& peer, std::uint32_t round, double loss,
            double accuracy, std::uint64_t samples) {
  machine.tell(peer, wire::Evaluation{kSession, round, loss, accuracy, samples});
}

TEST(SessionEvaluation, HeldOutSetIsAskedForEveryFewRoundsAndAtTheEnd) {
  SessionOptions options = options_for(evaluating(3, 7, false));
  options.held_out = true;
  Machine machine(options);
  machine.join("ann");
  std::vector<std::uint32_t> asked;
  for (std::uint32_t round = 0; round < 7; ++round) {
    machine.ballot("ann", round);
    for (const auto& one : machine.did<EvaluateHeldOut>()) asked.push_back(one.round);
    EXPECT_FALSE(machine.only<wire::Decision>("ann").evaluate);
  }
  EXPECT_EQ(asked, (std::vector<std::uint32_t>{3, 6, 7}));
}

TEST(SessionEvaluation, OnlyTheLastRoundWhenNoneIsAskedForBetween) {
  SessionOptions options = options_for(evaluating(0, 3, false));
  options.held_out = true;
  Machine machine(options);
  machine.join("ann");
  for (std::uint32_t round = 0; round < 3; ++round) {
    machine.ballot("ann", round);
    EXPECT_EQ(machine.asked<EvaluateHeldOut>(), round == 2);
  }
}

TEST(SessionEvaluation, InterruptedRunIsEvaluatedWhereItStopped) {
  SessionOptions options = options_for(evaluating(2, 100, false));
  options.held_out = true;
  Machine machine(options);
  machine.join("ann");
  for (std::uint32_t round = 0; round < 3; ++round) machine.ballot("ann", round);
  machine.stop();
  EXPECT_EQ(machine.only<EvaluateHeldOut>().round, 3u);
}

TEST(SessionEvaluation, ClientsReportsBecomeAWeightedMeanAndAMedian) {
  Machine machine(evaluating(1, 100, true));
  for (const char* name : {"ann", "ben", "cat"}) join(machine, name, 60);
  machine.ballot("ann", 0);
  for (const char* name : {"ann", "ben", "cat"}) {
    EXPECT_TRUE(machine.only<wire::Decision>(name).evaluate);
  }
  report(machine, "ann", 1, 9.0, 0.0, 1);  // replaced by her next one
  report(machine, "ann", 1, 1.0, 0.5, 10);
  report(machine, "ben", 1, 2.0, 0.8, 30);
  report(machine, "cat", 1, 4.0, 0.9, 60);
  report(machine, "cat", 0, 100.0, 0.1, 60);  // of another round
  report(machine, "cat", 2, 100.0, 0.1, 60);
  report(machine, "cat", 1, 100.0, 0.1, 0);  // on nothing
  EXPECT_FALSE(machine.asked<EvaluationKnown>());
  for (const char* name : {"ann", "ben", "cat"}) machine.ballot(name, 1);
  const EvaluationRow row = machine.only<EvaluationKnown>().row;
  EXPECT_EQ(row.round, 1u);
  EXPECT_FALSE(row.held_out);
  EXPECT_NEAR(row.clients_mean->loss, 0.1 * 1 + 0.3 * 2 + 0.6 * 4, 1e-12);
  EXPECT_NEAR(row.clients_mean->accuracy, 0.1 * 0.5 + 0.3 * 0.8 + 0.6 * 0.9, 1e-12);
  EXPECT_EQ(row.clients_mean->samples, 100u);
  EXPECT_DOUBLE_EQ(row.clients_median->loss, 2.0);
  EXPECT_DOUBLE_EQ(row.clients_median->accuracy, 0.8);
}

TEST(SessionEvaluation, LastReportsAreInTheEnd) {
  Machine machine(evaluating(0, 1, true));
  machine.join("ann");
  machine.ballot("ann", 0);
  EXPECT_TRUE(machine.only<wire::Decision>("ann").evaluate);
  report(machine, "ann", 1, 1.0, 0.5, 10);
  machine.leave("ann", wire::LeaveReason::kFinished);
  EXPECT_EQ(machine.only<EvaluationKnown>().row.round, 1u);
  EXPECT_TRUE(machine.asked<End>());
}

TEST(SessionEvaluation, NotAskedForIsNotReported) {
  Machine machine(evaluating(1, 100, false));
  machine.join("ann");
  report(machine, "ann", 0, 1.0, 0.5, 10);
  machine.ballot("ann", 0);
  EXPECT_FALSE(machine.asked<EvaluationKnown>());
  report(machine, "ann", 1, 1.0, 0.5, 10);
  machine.ballot("ann", 1);
  EXPECT_FALSE(machine.asked<EvaluationKnown>());
}

TEST(SessionEvaluation, AbsurdSampleCountsDoNotOverflow) {
  Machine machine(evaluating(1, 100, true));
  const std::uint64_t half = std::uint64_t{1} << 63;  // two of them are 0 in 64 bits
  for (const char* name : {"ann", "ben"}) join(machine, name, half);
  machine.ballot("ann", 0);
  report(machine, "ann", 1, 1.0, 0.25, half);
  report(machine, "ben", 1, 3.0, 0.75, half);
  machine.ballot("ann", 1);
  machine.ballot("ben", 1);
  const EvaluationRow row = machine.only<EvaluationKnown>().row;
  EXPECT_DOUBLE_EQ(row.clients_mean->loss, 2.0);
  EXPECT_DOUBLE_EQ(row.clients_mean->accuracy, 0.5);
  EXPECT_EQ(row.clients_mean->samples, std::numeric_limits<std::uint64_t>::max());
  report(machine, "ann", 2, std::numeric_limits<double>::max(), 0.25, half);
  report(machine, "ben", 2, -std::numeric_limits<double>::max(), 0.75, half);
  machine.ballot("ann", 2);
  machine.ballot("ben", 2);
  EXPECT_TRUE(std::isfinite(machine.only<EvaluationKnown>().row.clients_mean->loss));
}

TEST(SessionEvaluation, NobodyWeighsMoreThanTheSamplesItJoinedWith) {
  Machine machine(evaluating(1, 100, true));
  join(machine, "ann", 10);
  join(machine, "ben", 30);
  join(machine, "cat", 0);
  machine.ballot("ann", 0);
  report(machine, "ann", 1, 9.0, 0.25, 1'000'000);
  report(machine, "ben", 1, 1.0, 0.75, 30);
  report(machine, "cat", 1, 100.0, 0.0, 1'000'000);  // of none
  for (const char* name : {"ann", "ben", "cat"}) machine.ballot(name, 1);
  const EvaluationRow row = machine.only<EvaluationKnown>().row;
  EXPECT_DOUBLE_EQ(row.clients_mean->loss, 0.25 * 9 + 0.75 * 1);
  EXPECT_DOUBLE_EQ(row.clients_mean->accuracy, 0.25 * 0.25 + 0.75 * 0.75);
  EXPECT_EQ(row.clients_mean->samples, 40u);
}

TEST(SessionEvaluation, APastAsksWhoMissedTheDecisionThatDid) {
  Machine machine(evaluating(2, 100, true));
  machine.join_all({"ann", "ben"});
  const wire::CatchUp request{.session = kSession, .have_round = 0};
  machine.tell("ben", request);
  EXPECT_FALSE(machine.only<AnswerCatchUp>().asker.evaluate);  // of x_0 nobody is asked
  for (std::uint32_t round = 0; round < 3; ++round) {
    machine.ballot("ann", round);
    machine.ballot("ben", round);
    machine.tell("ben", request);
    EXPECT_EQ(machine.only<AnswerCatchUp>().asker.evaluate, round == 1) << round;
  }
  ASSERT_EQ(machine.session.round(), 3u);
}

}  // namespace
}  // namespace psephos::coordinator
