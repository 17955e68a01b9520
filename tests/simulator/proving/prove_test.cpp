#include "simulator/proving/prove.h"

#include <gtest/gtest.h>

#include <string>

namespace psephos::proving {
namespace {

ProveOptions seeds(Scenario scenario, std::uint32_t count, bool sqlite = false) {
  ProveOptions options;
  options.scenario = scenario;
  options.last_seed = count;
  options.parameters = 200;
  options.sqlite = sqlite;
  return options;
}

class Scenarios : public ::testing::TestWithParam<Scenario> {};

TEST_P(Scenarios, NoSeedBreaksAnything) {
  const ProveOptions options = seeds(GetParam(), GetParam() == Scenario::kDisk ? 15 : 60);
  for (std::uint32_t seed = options.first_seed; seed <= options.last_seed; ++seed) {
    const SeedResult result = play(options, seed);
    ASSERT_EQ(result.violation, "") << replay_line(options, seed);
    ASSERT_TRUE(result.report.refused || result.report.rounds >= kRounds);
  }
}

INSTANTIATE_TEST_SUITE_P(Prove, Scenarios,
                         ::testing::Values(Scenario::kNetwork, Scenario::kCrashes, Scenario::kDisk,
                                           Scenario::kChurn, Scenario::kClocks, Scenario::kLiars,
                                           Scenario::kCounter, Scenario::kAll),
                         [](const auto& scenario) { return to_string(scenario.param); });

TEST(Prove, ALedgerThatForgetsIsFoundOut) {
  const ProveOptions options = seeds(Scenario::kCanary, 10);
  int violations = 0;
  for (std::uint32_t seed = 1; seed <= options.last_seed; ++seed) {
    if (play(options, seed).violation.find("lost rounds") != std::string::npos) ++violations;
  }
  EXPECT_GT(violations, 0);
}

TEST(Prove, CrashesDoHappen) {
  const ProveOptions options = seeds(Scenario::kCrashes, 20);
  std::uint32_t coordinators = 0;
  std::uint32_t clients = 0;
  for (std::uint32_t seed = 1; seed <= options.last_seed; ++seed) {
    const RunReport report = play(options, seed).report;
    coordinators += report.coordinator_starts;
    clients += report.client_starts;
  }
  EXPECT_GT(coordinators, 2 * options.last_seed);
  EXPECT_GT(clients, 8 * options.last_seed);  // there are eight clients at most
}

TEST(Prove, ASeedHasOneHistory) {
  for (const bool sqlite : {false, true}) {
    const ProveOptions options = seeds(Scenario::kAll, 1, sqlite);
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
      EXPECT_EQ(play(options, seed).report.history, play(options, seed).report.history);
    }
  }
}

TEST(Prove, ThreadsPlayTheSameRuns) {
  ProveOptions options = seeds(Scenario::kAll, 12);
  ProveReports reports;
  reports.starting = [](std::uint32_t) {};
  reports.violated = [](const SeedResult&) {};
  reports.progress = [](const ProveTotals&) {};
  reports.interrupted = [] { return false; };
  const ProveTotals one = prove(options, reports);
  options.threads = 3;
  const ProveTotals three = prove(options, reports);
  EXPECT_EQ(one.history, three.history);
  EXPECT_EQ(one.runs, 12u);
  EXPECT_EQ(three.runs, 12u);
}

TEST(Prove, SaysHowToPlayASeedAgain) {
  EXPECT_EQ(replay_line(seeds(Scenario::kDisk, 1, true), 42),
            "psephos-prove --scenario disk --seed 42 --parameters 200 --ledger sqlite");
}

TEST(Prove, UnknownScenariosAreRefusedWithThoseThereAre) {
  const auto parsed = parse_scenario("chaos");
  ASSERT_FALSE(parsed.ok());
  EXPECT_NE(parsed.error().text.find("choose from network, crashes"), std::string::npos);
  EXPECT_EQ(*parse_scenario("all"), Scenario::kAll);
}

}  // namespace
}  // namespace psephos::proving
