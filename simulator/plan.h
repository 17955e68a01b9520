#pragma once
// What the flags of psephos-simulate ask for: checked and completed before anything is read or
// written.

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/report/cli_fwd.h"
#include "runtime/report/options.h"
#include "runtime/run/run_config.h"
#include "simulator/links.h"
#include "simulator/population.h"

namespace psephos::simulator {

// Flags as text where a rule has words.
struct SimulationOptions {
  RunOptions run;
  std::uint32_t clients = 10;
  std::string partition = "iid";
  std::uint32_t byzantine = 0;
  std::string attack = "invert";
  double drop = 0;
  std::string latency = "0";
  std::string compute = "0";
  std::string slow = "0:1";
  std::string transport = "memory";
  std::uint32_t threads = 1;
};

// The simulator's flags and those of a run; --threads defaults to what this machine has.
void add_simulation_options(CLI::App& app, SimulationOptions& options);

struct Plan {
  RunConfig config;
  std::string dataset;                  // the words
  std::optional<double> test_fraction;  // where it was given
  PopulationOptions population;
  Links links;
  bool tcp = false;
  unsigned threads = 1;
};

// Every word parsed, every default that depends on other flags settled, everything checked that
// needs no data. Errors are usage errors and name the flag.
Result<Plan> make_plan(const SimulationOptions& options);

// The run of make_plan(options) in a paragraph of two lines, before anything is read.
Result<std::string> plan_in_words(const SimulationOptions& options);

// Puts the defaults that make_plan settled where config_as_run reads them.
void show_settled(CLI::App& app, const Plan& plan);

}  // namespace psephos::simulator
