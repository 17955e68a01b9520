#include "runtime/run/hyperparameters.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace psephos {
namespace {

// Any finite float other than zero, uniform over bit patterns.
float random_float(std::mt19937_64& random) {
  for (;;) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(value) && value != 0) return value;
  }
}

template <class T>
void expect_refused(const Result<T>& result, const std::string& text) {
  ASSERT_FALSE(result.ok()) << text;
  EXPECT_NE(result.error().text.find(fmt::format("'{}'", text)), std::string::npos)
      << result.error().text;
}

TEST(Hyperparameters, ReadAndPrintAudiences) {
  for (const Audience audience : {Audience::kAll, Audience::kDrawn}) {
    EXPECT_EQ(*parse_audience(to_string(audience)), audience);
  }
  for (const char* text : {"", "everyone", "All"}) expect_refused(parse_audience(text), text);
}

TEST(Hyperparameters, ReadAndPrintLocalSteps) {
  for (const std::uint32_t steps : {kLocalEpoch, 1u, 8u, kMaxLocalSteps}) {
    EXPECT_EQ(*parse_local_steps(local_steps_to_string(steps)), steps);
  }
  EXPECT_EQ(local_steps_to_string(kLocalEpoch), "epoch");
  for (const char* text : {"", "0", "-1", "+1", "1.5", "1000001", "4294967297", "8 ", "epochs"}) {
    expect_refused(parse_local_steps(text), text);
  }
}

TEST(Hyperparameters, ReadAndPrintNormalisations) {
  EXPECT_EQ(to_string(Normalisation{}), "unit");
  EXPECT_EQ(*parse_normalisation("unit"), Normalisation{});
  EXPECT_EQ(*parse_normalisation("0.5:-1"), (Normalisation{.scale = 0.5f, .offset = -1}));
  std::mt19937_64 random(2);
  for (int trial = 0; trial < 2000; ++trial) {
    const Normalisation n = {.scale = random_float(random), .offset = random_float(random)};
    ASSERT_EQ(*parse_normalisation(to_string(n)), n) << to_string(n);
  }
  for (const char* text :
       {"", "Unit", "1", ":", "1:", ":1", "0:1", "nan:0", "1:inf", "1:2:3", "1,2"}) {
    expect_refused(parse_normalisation(text), text);
  }
}

TEST(Hyperparameters, DefaultsAndEdgesAreAccepted) {
  Hyperparameters hyper;
  EXPECT_TRUE(check_hyperparameters(hyper).ok());
  hyper.worker = *parse_worker_rule("signum:0");
  hyper.rounds = kMaxRounds;
  hyper.local_steps = kLocalEpoch;
  hyper.staleness = kMaxStaleness;
  hyper.heartbeat_ms = kMinHeartbeatMs;
  hyper.model = std::string(kMaxModelText, 'm');
  hyper.ballot = *parse_ballot_rule("threshold:0.5");
  hyper.normalisation = {.scale = -1, .offset = 0.5f};
  EXPECT_TRUE(check_hyperparameters(hyper).ok());
}

TEST(Hyperparameters, EveryValueOutOfRangeIsRefusedByName) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInf = std::numeric_limits<float>::infinity();
  using Change = std::function<void(Hyperparameters&)>;
  const std::vector<std::pair<std::string, Change>> changes = {
      {"--model", [](auto& h) { h.model = ""; }},
      {"--model", [](auto& h) { h.model = std::string(kMaxModelText + 1, 'm'); }},
      {"--model", [](auto& h) { h.model = "mlp\n"; }},
      {"--model", [](auto& h) { h.model = std::string("m\0p", 3); }},
      {"--rounds", [](auto& h) { h.rounds = 0; }},
      {"--rounds", [](auto& h) { h.rounds = kMaxRounds + 1; }},
      {"--algorithm", [](auto& h) { h.worker.values = {1}; }},
      {"--algorithm", [](auto& h) { h.worker.values = {-0.1}; }},
      {"--algorithm", [](auto& h) { h.worker.values = {std::nan("")}; }},
      {"--algorithm", [](auto& h) { h.worker.values = {}; }},
      {"--ballot",
       [](auto& h) {
         h.ballot = *parse_ballot_rule("threshold:1");
         h.ballot.values = {0};
       }},
      {"--ballot", [](auto& h) { h.ballot.values = {1}; }},
      {"--local-steps", [](auto& h) { h.local_steps = kMaxLocalSteps + 1; }},
      {"--staleness", [](auto& h) { h.staleness = kMaxStaleness + 1; }},
      {"audience", [](auto& h) { h.audience = static_cast<Audience>(255); }},
      {"--heartbeat-ms", [](auto& h) { h.heartbeat_ms = kMinHeartbeatMs - 1; }},
      {"--heartbeat-ms", [](auto& h) { h.heartbeat_ms = kMaxHeartbeatMs + 1; }},
      {"--normalisation", [](auto& h) { h.normalisation.scale = 0; }},
      {"--normalisation", [](auto& h) { h.normalisation.scale = kNan; }},
      {"--normalisation", [](auto& h) { h.normalisation.offset = -kInf; }},
  };
  for (const auto& [name, change] : changes) {
    Hyperparameters hyper;
    change(hyper);
    const Status status = check_hyperparameters(hyper);
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_NE(status.error().text.find(name), std::string::npos) << status.error().text;
  }
}

}  // namespace
}  // namespace psephos
