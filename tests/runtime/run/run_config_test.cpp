#include "runtime/run/run_config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace psephos {
namespace {

TEST(RunConfig, DefaultsAndEdgesAreAccepted) {
  RunConfig config;
  EXPECT_TRUE(check_run_config(config).ok());
  config.downlink = Downlink::kBinary;
  EXPECT_TRUE(check_run_config(config).ok());
  config.downlink = Downlink::kTernary;
  config.decision = *parse_decision_rule("quorum:1");
  config.hyper.ballot = *parse_ballot_rule("threshold:0.5");
  config.lr = kMaxLearningRate;
  config.weight_decay = 0.000999;
  config.fraction = 1e-9;
  config.batch = kMaxBatch;
  config.max_clients = kMaxClients;
  config.min_voters = kMaxClients;
  config.target_voters = kMaxClients;
  config.min_clients = kMaxClients;
  config.deadline_ms = kMaxDeadlineMs;
  EXPECT_TRUE(check_run_config(config).ok());
}

TEST(RunConfig, EveryValueOutOfRangeIsRefusedByName) {
  using Change = std::function<void(RunConfig&)>;
  const std::vector<std::pair<std::string, Change>> changes = {
      {"--batch", [](auto& c) { c.batch = 0; }},
      {"--batch", [](auto& c) { c.batch = kMaxBatch + 1; }},
      {"--local-lr", [](auto& c) { c.local_lr = 0; }},
      {"--local-lr", [](auto& c) { c.local_lr = INFINITY; }},
      {"--lr", [](auto& c) { c.lr = 0; }},
      {"--lr", [](auto& c) { c.lr = -1e-3; }},
      {"--lr", [](auto& c) { c.lr = NAN; }},
      {"--lr", [](auto& c) { c.lr = INFINITY; }},
      {"--lr", [](auto& c) { c.lr = 1e-310; }},
      {"--weight-decay", [](auto& c) { c.weight_decay = -1; }},
      {"--weight-decay", [](auto& c) { c.weight_decay = NAN; }},
      {"--weight-decay", [](auto& c) { c.weight_decay = 1000; }},
      // Below 1 as doubles, but the float that is nearest to 0.1 is above it.
      {"--weight-decay", [](auto& c) { c.lr = 0.1, c.weight_decay = 9.9999999; }},
      {"--fraction", [](auto& c) { c.fraction = 0; }},
      {"--fraction", [](auto& c) { c.fraction = 1.01; }},
      {"--fraction", [](auto& c) { c.fraction = NAN; }},
      {"--max-clients", [](auto& c) { c.max_clients = 0; }},
      {"--max-clients", [](auto& c) { c.max_clients = kMaxClients + 1; }},
      {"--min-voters", [](auto& c) { c.min_voters = 0; }},
      {"--min-voters", [](auto& c) { c.min_voters = 11, c.max_clients = 10; }},
      {"--target-voters", [](auto& c) { c.min_voters = 4, c.target_voters = 3; }},
      {"--target-voters", [](auto& c) { c.target_voters = 11, c.max_clients = 10; }},
      {"--min-clients", [](auto& c) { c.min_voters = 4, c.min_clients = 3; }},
      {"--min-clients", [](auto& c) { c.min_clients = 11, c.max_clients = 10; }},
      {"--deadline-ms", [](auto& c) { c.deadline_ms = kMinDeadlineMs - 1; }},
      {"--deadline-ms", [](auto& c) { c.deadline_ms = kMaxDeadlineMs + 1; }},
      {"--decision",
       [](auto& c) {
         c.decision = *parse_decision_rule("quorum:1");
         c.decision.values = {0};
       }},
      {"--decision",
       [](auto& c) {
         c.decision = *parse_decision_rule("quorum:1");
         c.decision.values = {1'000'001};
       }},
  };
  for (const auto& [name, change] : changes) {
    RunConfig config;
    change(config);
    const Status status = check_run_config(config);
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_TRUE(status.error().text.starts_with(name)) << status.error().text;
  }
}

TEST(RunConfig, ABinaryDownlinkRefusesRulesThatLeaveParametersOut) {
  const auto refused = [](const char* ballot, const char* decision) {
    RunConfig config;
    config.downlink = Downlink::kBinary;
    config.hyper.ballot = *parse_ballot_rule(ballot);
    config.decision = *parse_decision_rule(decision);
    const Status status = check_run_config(config);
    return status ? std::string() : status.error().text;
  };
  EXPECT_EQ(refused("sign", "majority"), "");
  EXPECT_EQ(refused("sign", "momentum:0.9"), "");
  EXPECT_EQ(refused("sign", "quorum:0.1"),
            "--downlink binary cannot carry what --decision quorum:0.1 leaves out: use --downlink "
            "ternary, or another rule");
  EXPECT_EQ(refused("threshold:0.5", "majority"),
            "--downlink binary cannot carry what --ballot threshold:0.5 leaves out: use --downlink "
            "ternary, or another rule");
  EXPECT_NE(refused("stochastic-ternary:8", "majority"), "");
  EXPECT_NE(refused("sign", "momentum:0.9,0.1"), "");
}

TEST(RunConfig, ClientsThatAreOnlyCalledCannotBeAskedForEvaluations) {
  RunConfig config;
  config.client_eval = true;
  EXPECT_TRUE(check_run_config(config).ok());
  config.hyper.audience = Audience::kDrawn;
  const Status refused = check_run_config(config);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().text.find("--audience all"), std::string::npos);
}

TEST(RunConfig, AnAcceptedDecayNeverTakesAllOfAParameter) {
  RunConfig config;
  config.lr = 0.1;
  config.weight_decay = 9.99;
  ASSERT_TRUE(check_run_config(config).ok());
  WeightDecay decay(config.weight_decay);
  for (std::uint32_t round = 0; round < 600; ++round) {
    EXPECT_GT(decay.keep(learning_rate(*parse_schedule("cosine"), config.lr, round, 600)), 0);
  }
}

}  // namespace
}  // namespace psephos
