#include "simulator/plan.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <thread>

#include "runtime/data/dataset.h"
#include "runtime/report/check_config.h"

namespace psephos::simulator {
namespace {

Result<Links> parse_links(const SimulationOptions& options) {
  Links links;
  links.drop = options.drop;
  const auto latency = parse_delay(options.latency);
  if (!latency) return Error{"--latency: " + latency.error().text};
  links.latency = *latency;
  const auto compute = parse_delay(options.compute);
  if (!compute) return Error{"--compute: " + compute.error().text};
  links.compute = *compute;
  if (const auto slow = parse_slow(options.slow, links); !slow) {
    return Error{"--slow: " + slow.error().text};
  }
  return links;
}

bool perfect(const Links& links) {
  return links.drop == 0 && links.latency.median_ms == 0 && links.compute.median_ms == 0 &&
         links.slow_share == 0;
}

// A round waits for everybody it asks, unless links were made unreliable: then for half of them.
RunOptions with_minimum(RunOptions run, std::uint32_t clients, bool reliable) {
  if (run.min_clients == 0) run.min_clients = clients;
  if (run.max_clients == RunOptions{}.max_clients) {
    run.max_clients = std::max(run.max_clients, clients);
  }
  if (run.min_voters != 0) return run;
  const auto asked = static_cast<std::uint32_t>(
      std::max(1.0, std::ceil(std::clamp(run.fraction, 0.0, 1.0) * clients - 1e-9)));
  run.min_voters = reliable ? asked : std::max(1u, asked / 2);
  if (run.target_voters != 0) run.min_voters = std::min(run.min_voters, run.target_voters);
  return run;
}

Result<PopulationOptions> parse_population(const SimulationOptions& options,
                                           const RunConfig& config) {
  PopulationOptions population;
  population.clients = options.clients;
  population.byzantine = options.byzantine;
  population.seed = options.run.seed;
  const auto attack = parse_attack(options.attack);
  if (!attack) return Error{"--attack: " + attack.error().text};
  population.attack = *attack;
  if (attack->rule->abstains && options.byzantine > 0 && config.downlink == Downlink::kBinary) {
    return Error{fmt::format(
        "--attack {} needs --downlink ternary: a binary run refuses abstentions", options.attack)};
  }
  const auto partition = parse_partition(options.partition);
  if (!partition) return partition.error();
  population.partition = *partition;
  return population;
}

// Puts what a default turned out to be where the run folder's configuration is written from.
void settle(CLI::App& app, const std::string& flag, const std::string& value) {
  CLI::Option* option = app.get_option(flag);
  option->clear();
  option->add_result(value);
  option->configurable();
}

}  // namespace

void add_simulation_options(CLI::App& app, SimulationOptions& options) {
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  const auto dress = [](CLI::Option* option, const char* type) {
    return option->type_name(type)->capture_default_str()->group("Simulation");
  };
  dress(app.add_option("--clients", options.clients, "how many clients there are"), "N")
      ->check(whole_number(1, 1'000'000));
  dress(app.add_option("--partition", options.partition,
                       "who holds what:\n" + partition_rules().help()),
        "RULE");
  dress(app.add_option("--byzantine", options.byzantine,
                       "how many clients lie in their votes: the first ones"),
        "N")
      ->check(whole_number(0, 1'000'000));
  dress(app.add_option("--attack", options.attack, "how they lie:\n" + attacks().help()), "NAME");
  dress(app.add_option("--drop", options.drop, "probability that a ballot is lost on its way"), "P")
      ->check(real_number(0, 0.99));
  dress(app.add_option("--latency", options.latency,
                       "one-way time of a frame, MEDIAN_MS:SPREAD; two thirds of them\n"
                       "lie within a factor SPREAD of the median"),
        "TIME");
  dress(app.add_option("--compute", options.compute,
                       "time of a gradient on the virtual clock, MEDIAN_MS:SPREAD"),
        "TIME");
  dress(app.add_option("--slow", options.slow,
                       "SHARE:FACTOR: for this share of clients everything takes FACTOR\n"
                       "times longer"),
        "RULE");
  dress(app.add_option("--transport", options.transport,
                       "memory (a virtual clock), or tcp (real sockets on loopback)"),
        "NAME")
      ->check(CLI::IsMember({"memory", "tcp"}));
  dress(app.add_option("--threads", options.threads,
                       "threads for gradients; results do not depend on it"),
        "N")
      ->check(whole_number(1, 4096));
  add_run_options(app, options.run);
  app.get_option("--min-voters")
      ->description(
          "ballots a round needs before it may close; 0: of everybody\n"
          "asked, or of half of them where links are not perfect");
  app.get_option("--min-clients")
      ->description("clients to wait for before the first round; 0: all of them");
}

Result<Plan> make_plan(const SimulationOptions& options) {
  Plan plan;
  const auto links = parse_links(options);
  if (!links) return links.error();
  plan.links = *links;
  plan.tcp = options.transport == "tcp";
  if (plan.tcp && !perfect(plan.links)) {
    return Error{
        "--drop, --latency, --compute and --slow belong to the virtual clock: use "
        "--transport memory with them"};
  }
  plan.dataset = options.run.dataset;
  plan.test_fraction = options.run.test_fraction;
  if (const auto known = check_dataset_words(plan.dataset, plan.test_fraction); !known) {
    return known.error();
  }
  const RunOptions run = with_minimum(options.run, options.clients, perfect(plan.links));
  if (std::max({run.min_voters, run.min_clients, run.target_voters}) > options.clients) {
    return Error{
        fmt::format("--min-voters, --target-voters and --min-clients cannot exceed the {} "
                    "clients there are (--clients)",
                    options.clients)};
  }
  const auto config = to_run_config(run);
  if (!config) return config.error();
  plan.config = *config;
  if (!plan.config.tensors_file.empty()) {
    return Error{
        "--model external: only your own clients compute that model, and the simulator has none; "
        "start psephos-coordinator and them (tests/examples/own_model shows how)"};
  }
  const auto population = parse_population(options, plan.config);
  if (!population) return population.error();
  plan.population = *population;
  plan.threads = options.threads;
  return plan;
}

Result<std::string> plan_in_words(const SimulationOptions& options) {
  const auto plan = make_plan(options);
  if (!plan) return plan.error();
  const std::string liars = options.byzantine == 0 ? ""
                                                   : fmt::format(", {} of them lie ({})",
                                                                 options.byzantine, options.attack);
  return fmt::format(
      "{} clients (partition {}{}) over {} would train {};\n"
      "a round needs {} ballots and waits for more for at most {} ms",
      options.clients, options.partition, liars, options.transport, training_in_words(options.run),
      plan->config.min_voters, plan->config.deadline_ms);
}

void show_settled(CLI::App& app, const Plan& plan) {
  if (!brings_test_set(plan.dataset)) {
    settle(app, "--test-fraction",
           fmt::format("{}", plan.test_fraction.value_or(kDefaultTestFraction)));
  }
}

}  // namespace psephos::simulator
