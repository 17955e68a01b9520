#include "simulator/proving/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "runtime/base/check.h"

namespace psephos::proving {
namespace {

constexpr std::array<std::pair<std::string_view, Scenario>, 9> kWords = {{
    {"network", Scenario::kNetwork},
    {"crashes", Scenario::kCrashes},
    {"disk", Scenario::kDisk},
    {"churn", Scenario::kChurn},
    {"clocks", Scenario::kClocks},
    {"liars", Scenario::kLiars},
    {"counter", Scenario::kCounter},
    {"all", Scenario::kAll},
    {"canary", Scenario::kCanary},
}};

constexpr std::uint32_t kPlanStream = 1;

// One number for each parameter, within its usual range.
std::vector<double> draw_values(Luck& luck, const RuleHead& head) {
  std::vector<double> values;
  for (const RuleParameter& parameter : head.parameters) {
    double value = luck.uniform(parameter.usual_least, parameter.usual_most);
    switch (parameter.kind) {
      case RuleParameter::Kind::kFloat:
        value = static_cast<double>(static_cast<float>(value));
        break;
      case RuleParameter::Kind::kDouble:
        break;
      case RuleParameter::Kind::kMillionths:
      case RuleParameter::Kind::kWhole:
        value = std::round(value);
        break;
    }
    values.push_back(value);
  }
  return values;
}

// Faults that strike in every second frame and faults that strike once in a run find different
// mistakes: intensities are uniform in their logarithm.
double intensity(Luck& luck, double least, double most) {
  return least * std::pow(most / least, luck.uniform(0, 1));
}

// Any rule of a family with numbers that people would choose.
template <class Info>
Chosen<Info> draw_rule(Luck& luck, const Family<Info>& family) {
  const Info* rule = family.rules()[luck.below(static_cast<std::uint32_t>(family.rules().size()))];
  return {rule, draw_values(luck, rule->head)};
}

void draw_network(Luck& luck, Intensities& faults) {
  if (luck.chance(0.7)) faults.lose = intensity(luck, 0.002, 0.3);
  if (luck.chance(0.5)) faults.repeat = intensity(luck, 0.002, 0.3);
  if (luck.chance(0.5)) faults.overtake = intensity(luck, 0.002, 0.5);
  if (luck.chance(0.5)) faults.damage = intensity(luck, 0.001, 0.1);
  if (luck.chance(0.3)) faults.forge = intensity(luck, 0.001, 0.2);
  if (luck.chance(0.5)) faults.break_connection = intensity(luck, 0.0005, 0.02);
  if (luck.chance(0.7)) faults.latency = std::chrono::milliseconds(luck.between(1, 80));
}

void draw_crashes(Luck& luck, Intensities& faults) {
  if (luck.chance(0.8)) faults.crash_coordinator = intensity(luck, 0.0002, 0.01);
  if (luck.chance(0.8)) faults.crash_client = intensity(luck, 0.0002, 0.02);
  if (luck.chance(0.3)) faults.state_fails = intensity(luck, 0.01, 1.0);
}

void draw_disk(Luck& luck, Intensities& faults) {
  faults.sqlite = true;
  faults.crash_coordinator = intensity(luck, 0.0005, 0.01);
  if (luck.chance(0.7)) faults.disk.power_cut = luck.uniform(0, 1);
  if (luck.chance(0.5)) faults.disk.death = intensity(luck, 0.0001, 0.01);
  if (luck.chance(0.3)) faults.disk.full = intensity(luck, 0.0005, 0.02);
  if (luck.chance(0.3)) faults.disk.short_write = intensity(luck, 0.0005, 0.02);
  if (luck.chance(0.3)) faults.disk.failed_sync = intensity(luck, 0.0005, 0.05);
  if (luck.chance(0.2)) faults.disk.lost_sync = intensity(luck, 0.001, 0.1);
  if (luck.chance(0.2)) faults.flip = intensity(luck, 0.01, 1.0);
}

void draw_churn(Luck& luck, Intensities& faults) {
  faults.leave = intensity(luck, 0.001, 0.05);
  if (luck.chance(0.5)) faults.late_joiners = luck.uniform(0, 0.5);
}

void draw_liars(Luck& luck, std::uint32_t clients, Intensities& faults) {
  faults.liars = luck.between(1, (clients - 1) / 2);
  faults.lie = intensity(luck, 0.01, 1.0);
}

void draw_counter(Luck& luck, Intensities& faults) {
  if (luck.chance(0.7)) faults.read_delay = intensity(luck, 0.01, 1.0);
  if (luck.chance(0.7)) faults.counter_delay = intensity(luck, 0.01, 1.0);
  if (luck.chance(0.7)) faults.lose_tally = intensity(luck, 0.001, 0.1);
  if (luck.chance(0.4)) faults.stop = intensity(luck, 0.01, 0.3);
}

void draw_rules(Luck& luck, Plan& plan) {
  RunConfig& config = plan.config;
  Hyperparameters& hyper = config.hyper;
  hyper.model = kExternalModel;
  hyper.rounds = luck.between(kRounds, kRounds + 14);
  config.batch = luck.between(1, 3);
  hyper.heartbeat_ms = luck.between(100, 1000);
  hyper.worker = draw_rule(luck, worker_rules());
  hyper.ballot = draw_rule(luck, ballot_rules());
  config.decision = draw_rule(luck, decision_rules());
  const bool may_be_binary = !hyper.ballot.rule->needs.abstains && !needs_of(config.decision).zeros;
  if (may_be_binary && luck.chance(0.3)) config.downlink = Downlink::kBinary;
  // Small enough to be gathered over a few rounds.
  if (luck.chance(0.3)) config.weight_decay = luck.uniform(0.0005, 0.01);
  if (luck.chance(0.3)) config.schedule = draw_rule(luck, schedules());
  if (luck.chance(0.3) && !hyper.ballot.rule->needs.settles) hyper.staleness = luck.between(1, 4);
  config.lr = 0.01;
  config.eval_every = 0;
  config.deadline_ms = luck.between(50, 1500);
  const std::uint32_t honest = plan.clients - plan.faults.liars;
  config.min_voters = luck.between(1, honest);
  config.min_clients = config.min_voters;
  if (luck.chance(0.2)) config.target_voters = luck.between(config.min_voters, plan.clients);
  if (luck.chance(0.3)) config.fraction = luck.uniform(0.3, 1.0);
  if (config.fraction < 1 && luck.chance(0.5)) hyper.audience = Audience::kDrawn;
}

}  // namespace

Result<Scenario> parse_scenario(std::string_view text) {
  const auto found = std::ranges::find(kWords, text, &std::pair<std::string_view, Scenario>::first);
  if (found != kWords.end()) return found->second;
  return Error{fmt::format("there is no scenario '{}': choose from {}", text, scenario_words())};
}

std::string to_string(Scenario scenario) {
  return std::string(
      std::ranges::find(kWords, scenario, &std::pair<std::string_view, Scenario>::second)->first);
}

std::string scenario_words() {
  std::string words;
  for (const auto& [word, scenario] : kWords) {
    words += fmt::format("{}{}", words.empty() ? "" : ", ", word);
  }
  return words;
}

Plan draw_plan(Scenario scenario, std::uint32_t seed, bool sqlite) {
  Luck luck(seed, kPlanStream);
  Plan plan;
  plan.clients = luck.between(5, 8);
  plan.keyed = luck.chance(0.5);
  if (luck.chance(0.7)) plan.save_every = luck.chance(0.5) ? 1 : luck.between(2, 20);
  plan.heal_at = std::chrono::milliseconds(luck.between(3'000, 30'000));
  Intensities& faults = plan.faults;
  const auto has = [&](Scenario kind) {
    return scenario == kind || (scenario == Scenario::kAll && luck.chance(0.5));
  };
  if (has(Scenario::kNetwork)) draw_network(luck, faults);
  if (has(Scenario::kCrashes)) draw_crashes(luck, faults);
  // Any disk will do in the rest of the scenarios: it costs ten times the run.
  if (scenario == Scenario::kDisk || (scenario == Scenario::kAll && sqlite)) {
    draw_disk(luck, faults);
  }
  if (has(Scenario::kChurn)) draw_churn(luck, faults);
  if (has(Scenario::kClocks)) faults.leap = intensity(luck, 0.001, 0.05);
  if (has(Scenario::kLiars)) draw_liars(luck, plan.clients, faults);
  if (has(Scenario::kCounter)) draw_counter(luck, faults);
  if (scenario == Scenario::kCanary) {
    faults.crash_coordinator = 0.005;
    faults.forgets = true;
  }
  faults.sqlite = faults.sqlite || sqlite;
  draw_rules(luck, plan);
  plan.config.hyper.seed = seed;
  const Status checked = check_run_config(plan.config);
  PSEPHOS_CHECK(checked.ok(), "a drawn run is a possible one");
  return plan;
}

}  // namespace psephos::proving
