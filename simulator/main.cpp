// psephos-simulate: many clients and their coordinator on one machine.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/interrupt.h"
#include "runtime/base/nearest_name.h"
#include "runtime/data/scale_advice.h"
#include "runtime/report/check_config.h"
#include "runtime/report/config_file.h"
#include "runtime/report/kernels_option.h"
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

  Data of your own: a table whose column "digit" holds the classes 0, 1, 2, ..., all else numbers
  from 0 to 16:
    psephos-simulate --dataset csv:digits.csv:digit --normalisation 0.0625:0 --model mlp:32
        --lr 1e-2 --schedule cosine

  A run over real sockets; same seed, same fingerprint:
    psephos-simulate --transport tcp --seed 7 --out runs/seven --json

  A run again, from its folder; and one with settings from a file (rounds = 300, schedule = "sqrt"),
  after a look at what it would run:
    psephos-simulate --config runs/seven/config.toml
    psephos-simulate check-config run.toml
    psephos-simulate --config run.toml --clients 20)";

// Beside simulating one run. Each has flags and a --help of its own.
struct Command {
  std::string_view name;
  std::string_view what;
  int (*main)(int argc, const char* const* argv);  // argv[0] is the command's name
};
int check_config(int argc, const char* const* argv);

constexpr std::array kCommands = {
    Command{"sweep", "every combination of a grid of settings; finds the best",
            simulator::sweep_main},
    Command{"compare", "run folders side by side, as a table and as pictures",
            simulator::compare_main},
    Command{kCheckConfig, "what a config file would run, or what is wrong with it", check_config},
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

int simulate(const simulator::Plan& plan, const OutputOptions& output, const ConfigSource& source,
             const std::string& config_text) {
  const auto dataset = load_dataset(plan.dataset, DatasetParts::kTrainAndTest, plan.test_fraction);
  if (!dataset) return fail(dataset.error().text, kExitFailure);
  const auto population = simulator::Population::make(plan.population, *dataset);
  if (!population) return fail(source.explain(population.error().text), kExitUsage);
  auto prepared = coordinator::prepare_run(plan.config, *dataset);
  if (!prepared) return fail(source.explain(prepared.error().text), kExitUsage);
  if (const auto loaded = coordinator::load_initial_parameters(plan.config, *prepared); !loaded) {
    return fail(loaded.error().text, kExitFailure);
  }
  coordinator::Reporter reporter(output, plan.config.hyper.rounds);
  if (const auto opened = reporter.open_folder(config_text); !opened) {
    return fail(opened.error().text, kExitFailure);
  }
  if (const auto advice = scale_advice(**dataset, plan.config.hyper.normalisation)) {
    reporter.note(*advice);
  }
  catch_interrupts(2);
  const auto summary = simulator::run_simulation(plan, *population, std::move(*prepared), reporter);
  if (!summary) return fail(summary.error().text, kExitFailure);
  return summary->interrupted ? interrupted_exit_status() : kExitSuccess;
}

// The program's flags, and where they go.
struct CommandLine {
  CommandLine() {
    app.footer(kExamples);
    app.set_version_flag("--version", [] { return version_text("psephos-simulate"); });
    add_kernels_option(app);
    add_config_option(app, source);
    simulator::add_simulation_options(app, options);
    add_output_options(app, output);
  }

  CLI::App app{explanation(), "psephos-simulate"};
  ConfigSource source;
  simulator::SimulationOptions options;
  OutputOptions output;
};

int check_config(int argc, const char* const* argv) {
  CommandLine line;
  return check_config_main(line.app, line.source, argc, argv,
                           [&line] { return simulator::plan_in_words(line.options); });
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

int run(int argc, const char* const* argv) {
  if (argc > 1 && argv[1][0] != '-') return run_command(argc, argv);
  CommandLine line;
  if (const auto status = parse_command_line(line.app, argc, argv)) return *status;
  const auto plan = simulator::make_plan(line.options);
  if (!plan) return fail(line.source.explain(plan.error().text), kExitUsage);
  simulator::show_settled(line.app, *plan);
  try {
    // The threads are this machine's, not the run's.
    return simulate(*plan, line.output, line.source, config_as_run(line.app, {"--threads"}));
  } catch (const std::exception& error) {
    return fail(error.what(), kExitFailure);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return psephos::finish_output("psephos-simulate", run(argc, argv));
}
