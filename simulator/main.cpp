// psephos-simulate: many clients and their coordinator on one machine.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <thread>
#include <utility>

#include "coordinator/core/setup.h"
#include "runtime/base/interrupt.h"
#include "runtime/models/model.h"
#include "runtime/report/options.h"
#include "simulator/run.h"

namespace {

using namespace psephos;

constexpr const char* kExamples = R"(Examples:
  Ten clients vote an MLP to 0.86 on Fashion-MNIST:
    psephos-simulate --schedule cosine

  Label shards, the hard case: every client sees about two classes; abstaining where unsure helps:
    psephos-simulate --partition shards:2 --ballot threshold:0.5 --schedule cosine

  Three of ten vote the opposite of what they find:
    psephos-simulate --byzantine 3 --attack invert --schedule cosine

  A hundred clients on slow links, ten drawn per round, half a second per round:
    psephos-simulate --clients 100 --fraction 0.1 --latency 40:2 --slow 0.2:10 --deadline-ms 500

  The same run over real sockets; same seed, same fingerprint:
    psephos-simulate --transport tcp --seed 7 --out runs/seven --json)";

struct SimulatorFlags {
  std::uint32_t clients = 10;
  std::string partition = "iid";
  std::uint32_t byzantine = 0;
  std::string attack = "invert";
  double drop = 0;
  std::string latency = "0";
  std::string compute = "0";
  std::string slow = "0:1";
  std::string transport = "memory";
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
};

int fail(const std::string& text, int status) {
  fmt::print(stderr, "psephos-simulate: {}\n", text);
  return status;
}

// The rules of links, or the flag that is wrong.
Result<simulator::Links> parse_links(const SimulatorFlags& flags) {
  simulator::Links links;
  links.drop = flags.drop;
  const auto latency = simulator::parse_delay(flags.latency);
  if (!latency) return Error{"--latency: " + latency.error().text};
  links.latency = *latency;
  const auto compute = simulator::parse_delay(flags.compute);
  if (!compute) return Error{"--compute: " + compute.error().text};
  links.compute = *compute;
  if (const auto slow = simulator::parse_slow(flags.slow, links); !slow) {
    return Error{"--slow: " + slow.error().text};
  }
  return links;
}

bool perfect(const simulator::Links& links) {
  return links.drop == 0 && links.latency.median_ms == 0 && links.compute.median_ms == 0 &&
         links.slow_share == 0;
}

// A round waits for everybody it asks, unless links were made unreliable: then for half of them.
void default_minimum(RunOptions& options, const SimulatorFlags& flags, bool reliable) {
  if (options.min_clients == 0) options.min_clients = flags.clients;
  if (options.max_clients == RunOptions{}.max_clients) {
    options.max_clients = std::max(options.max_clients, flags.clients);
  }
  if (options.min_voters != 0) return;
  const auto asked = static_cast<std::uint32_t>(
      std::max(1.0, std::ceil(std::clamp(options.fraction, 0.0, 1.0) * flags.clients - 1e-9)));
  options.min_voters = reliable ? asked : std::max(1u, asked / 2);
  if (options.target_voters != 0)
    options.min_voters = std::min(options.min_voters, options.target_voters);
}

// Puts what a default turned out to be where the run folder's configuration is written from.
void settle(CLI::App& app, const std::string& flag, std::uint32_t value) {
  CLI::Option* option = app.get_option(flag);
  option->clear();
  option->add_result(std::to_string(value));
}

int simulate(const RunOptions& options, const OutputOptions& output, const SimulatorFlags& flags,
             const simulator::Links& links, const std::string& config_text) {
  const bool tcp = flags.transport == "tcp";
  if (tcp && !perfect(links)) {
    return fail(
        "--drop, --latency, --compute and --slow belong to the virtual clock: use "
        "--transport memory with them",
        kExitUsage);
  }
  if (const auto known = check_dataset_words(options.dataset); !known) {
    return fail(known.error().text, kExitUsage);
  }
  if (std::max({options.min_voters, options.min_clients, options.target_voters}) > flags.clients) {
    return fail(fmt::format("--min-voters, --target-voters and --min-clients cannot exceed the {} "
                            "clients there are (--clients)",
                            flags.clients),
                kExitUsage);
  }
  const auto config = to_run_config(options);
  if (!config) return fail(config.error().text, kExitUsage);
  simulator::PopulationOptions population_options;
  population_options.clients = flags.clients;
  population_options.byzantine = flags.byzantine;
  population_options.seed = options.seed;
  const auto attack = simulator::parse_attack(flags.attack);
  if (!attack) return fail("--attack: " + attack.error().text, kExitUsage);
  population_options.attack = *attack;
  if (*attack == simulator::Attack::kAbstain && flags.byzantine > 0 &&
      config->downlink == Downlink::kBinary) {
    return fail("--attack abstain needs --downlink ternary: a binary run refuses abstentions",
                kExitUsage);
  }
  const auto partition = parse_partition(flags.partition);
  if (!partition) return fail(partition.error().text, kExitUsage);
  population_options.partition = *partition;

  const auto dataset = load_dataset(options.dataset);
  if (!dataset) return fail(dataset.error().text, kExitFailure);
  const auto population = simulator::Population::make(population_options, *dataset);
  if (!population) {
    const std::string& text = population.error().text;
    return fail(text.starts_with("--") ? text : "--clients: " + text, kExitUsage);
  }
  auto prepared = coordinator::prepare_run(*config, *dataset);
  if (!prepared) return fail(prepared.error().text, kExitUsage);

  coordinator::Reporter reporter(output, config->hyper.rounds);
  if (const auto opened = reporter.open_folder(config_text); !opened) {
    return fail(opened.error().text, kExitFailure);
  }
  simulator::SimulatedRun run;
  // Numbers of a simulated run come from its seed, so that a replay is the same to the byte.
  const auto numbers = philox({options.seed, kRunStream}, 0, Purpose::kIdentifier, 0);
  run.coordinator = {*config,
                     prepared->tensors,
                     (std::uint64_t{numbers[0]} << 32 | numbers[1]) | 1,
                     (std::uint64_t{numbers[2]} << 32 | numbers[3]) | 1,
                     population->manifest().hash,
                     true};
  run.population = &*population;
  run.held_out = std::move(prepared->held_out);
  run.links = links;
  run.threads = flags.threads;
  reporter.note(fmt::format("{} clients, {} with {} parameters, {} rounds, seed {}", flags.clients,
                            config->hyper.model, parameter_count(prepared->tensors),
                            config->hyper.rounds, options.seed));
  catch_interrupts(2);
  const auto summary = tcp ? simulator::run_over_tcp(std::move(run), reporter)
                           : simulator::run_in_memory(std::move(run), reporter);
  if (!summary) return fail(summary.error().text, kExitFailure);
  return summary->interrupted ? interrupted_exit_status() : kExitSuccess;
}

void add_simulation_options(CLI::App& app, SimulatorFlags& flags) {
  const auto dress = [](CLI::Option* option, const char* type) {
    return option->type_name(type)->capture_default_str()->group("Simulation");
  };
  dress(app.add_option("--clients", flags.clients, "how many clients there are"), "N")
      ->check(whole_number(1, 1'000'000));
  dress(app.add_option("--partition", flags.partition,
                       "who holds what: iid, shards:K (K label-sorted shards each), or\n"
                       "dirichlet:A (the smaller A, the more uneven)"),
        "RULE");
  dress(app.add_option("--byzantine", flags.byzantine,
                       "how many clients lie in their votes: the first ones"),
        "N")
      ->check(whole_number(0, 1'000'000));
  dress(app.add_option("--attack", flags.attack,
                       "how they lie: invert, random, constant, collude or abstain"),
        "NAME");
  dress(app.add_option("--drop", flags.drop, "probability that a ballot is lost on its way"), "P")
      ->check(real_number(0, 0.99));
  dress(app.add_option("--latency", flags.latency,
                       "one-way time of a frame, MEDIAN_MS:SPREAD; two thirds of them\n"
                       "lie within a factor SPREAD of the median"),
        "TIME");
  dress(app.add_option("--compute", flags.compute,
                       "time of a gradient on the virtual clock, MEDIAN_MS:SPREAD"),
        "TIME");
  dress(app.add_option("--slow", flags.slow,
                       "SHARE:FACTOR: for this share of clients everything takes FACTOR\n"
                       "times longer"),
        "RULE");
  dress(app.add_option("--transport", flags.transport,
                       "memory (a virtual clock), or tcp (real sockets on loopback)"),
        "NAME")
      ->check(CLI::IsMember({"memory", "tcp"}));
  dress(app.add_option("--threads", flags.threads,
                       "threads for gradients; results do not depend on it"),
        "N")
      ->check(whole_number(1, 4096));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Simulates federated training on one machine: the shipping client and coordinator, many\n"
      "clients at once, on a virtual clock or over real sockets.",
      "psephos-simulate");
  app.footer(kExamples);
  app.set_version_flag("--version", std::string("psephos-simulate " PSEPHOS_VERSION));
  RunOptions options;
  OutputOptions output;
  SimulatorFlags flags;
  add_simulation_options(app, flags);
  add_run_options(app, options);
  app.get_option("--min-voters")
      ->description(
          "ballots a round needs before it may close; 0: of everybody\n"
          "asked, or of half of them where links are not perfect");
  app.get_option("--min-clients")
      ->description("clients to wait for before the first round; 0: all of them");
  add_output_options(app, output);
  if (const auto status = parse_command_line(app, argc, argv)) return *status;
  const auto links = parse_links(flags);
  if (!links) return fail(links.error().text, kExitUsage);
  default_minimum(options, flags, perfect(*links));
  settle(app, "--min-voters", options.min_voters);
  settle(app, "--min-clients", options.min_clients);
  settle(app, "--max-clients", options.max_clients);
  try {
    return simulate(options, output, flags, *links, config_as_run(app));
  } catch (const std::exception& error) {
    return fail(error.what(), kExitFailure);
  }
}
