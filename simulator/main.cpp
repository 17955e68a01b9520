// psephos-simulate: many clients and their coordinator on one machine.

#include <fmt/format.h>

#include <array>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/interrupt.h"
#include "runtime/report/nearest_name.h"
#include "simulator/compare.h"
#include "simulator/plan.h"
#include "simulator/run.h"
#include "simulator/sweep_main.h"

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

// Beside simulating one run. Each has flags and a --help of its own.
struct Command {
  std::string_view name;
  std::string_view what;
  int (*main)(int argc, const char* const* argv);  // argv[0] is the command's name
};
constexpr std::array kCommands = {
    Command{"sweep", "every combination of a grid of settings; finds the best",
            simulator::sweep_main},
    Command{"compare", "run folders side by side, as a table and as pictures",
            simulator::compare_main},
};

std::string explanation() {
  std::string text =
      "Simulates federated training on one machine: the shipping client and coordinator, many\n"
      "clients at once, on a virtual clock or over real sockets.\n\n"
      "Other commands, each with a --help of its own:\n";
  for (const Command& command : kCommands) {
    text += fmt::format("  psephos-simulate {:<13} {}\n", command.name, command.what);
  }
  text.pop_back();
  return text;
}

int fail(const std::string& text, int status) {
  fmt::print(stderr, "psephos-simulate: {}\n", text);
  return status;
}

int simulate(const simulator::Plan& plan, const OutputOptions& output,
             const std::string& config_text) {
  const auto dataset = load_dataset(plan.dataset);
  if (!dataset) return fail(dataset.error().text, kExitFailure);
  const auto population = simulator::Population::make(plan.population, *dataset);
  if (!population) return fail(population.error().text, kExitUsage);
  auto prepared = coordinator::prepare_run(plan.config, *dataset);
  if (!prepared) return fail(prepared.error().text, kExitUsage);
  coordinator::Reporter reporter(output, plan.config.hyper.rounds);
  if (const auto opened = reporter.open_folder(config_text); !opened) {
    return fail(opened.error().text, kExitFailure);
  }
  catch_interrupts(2);
  const auto summary = simulator::run_simulation(plan, *population, std::move(*prepared), reporter);
  if (!summary) return fail(summary.error().text, kExitFailure);
  return summary->interrupted ? interrupted_exit_status() : kExitSuccess;
}

// A first word that is no flag is a command.
int run_command(int argc, const char* const* argv) {
  const std::string word = argv[1];
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    if (command.name == word) return command.main(argc - 1, argv + 1);
    names.emplace_back(command.name);
  }
  const std::string near = nearest_name(word, names);
  return fail(fmt::format("there is no command {}{} (try --help)", word,
                          near.empty() ? "" : fmt::format("; did you mean {}?", near)),
              kExitUsage);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && argv[1][0] != '-') return run_command(argc, argv);
  CLI::App app(explanation(), "psephos-simulate");
  app.footer(kExamples);
  app.set_version_flag("--version", std::string("psephos-simulate " PSEPHOS_VERSION));
  simulator::SimulationOptions options;
  OutputOptions output;
  simulator::add_simulation_options(app, options);
  add_output_options(app, output);
  if (const auto status = parse_command_line(app, argc, argv)) return *status;
  const auto plan = simulator::make_plan(options);
  if (!plan) return fail(plan.error().text, kExitUsage);
  simulator::show_settled(app, *plan);
  try {
    return simulate(*plan, output, config_as_run(app));
  } catch (const std::exception& error) {
    return fail(error.what(), kExitFailure);
  }
}
