#include "simulator/sweep_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <thread>
#include <utility>

#include "runtime/base/nearest_name.h"
#include "runtime/report/kernels_option.h"

namespace psephos::simulator {
namespace {

constexpr const char* kGroup = "Sweep";

// Flags of a run that mean nothing to a sweep. A run's config.toml may hold them: hidden, they take
// what it says.
constexpr std::array<const char*, 4> kWithoutEffect = {"--threads", "--transport", "--eval-every",
                                                       "--client-eval"};

// One for all runs: the data are read once, and seeds are counted by --seeds.
constexpr std::array<std::string_view, 3> kOnceForAll = {"--dataset", "--test-fraction", "--seed"};

bool is_of_a_run(const CLI::Option& option) {
  return option.get_group() != kGroup && option.get_configurable();
}

// What may stand in a grid: every flag of a run that makes runs differ.
std::vector<std::string> grid_keys(const CLI::App& app) {
  std::vector<std::string> keys;
  for (const CLI::Option* option : app.get_options()) {
    const bool varies = std::ranges::find(kOnceForAll, option->get_name()) == kOnceForAll.end();
    if (is_of_a_run(*option) && varies) keys.push_back(option->get_single_name());
  }
  return keys;
}

Status check_grid(const CLI::App& app, const Grid& grid) {
  const std::vector<std::string> keys = grid_keys(app);
  for (const GridAxis& axis : grid.axes) {
    if (std::ranges::find(keys, axis.key) == keys.end()) {
      if (axis.key == "seed") return Error{"--grid: seeds are counted by --seeds"};
      const std::string near = nearest_name(axis.key, keys);
      return Error{fmt::format("--grid: {} is no setting that a sweep can vary{}", axis.key,
                               near.empty() ? "" : fmt::format("; did you mean {}", near))};
    }
    if (app.get_option("--" + axis.key)->count() > 0) {
      return Error{fmt::format("--{0}: is in the grid, too; leave one of them away", axis.key)};
    }
  }
  return Ok{};
}

// The plan of point `i`. Leaves the options as that point has them.
Result<Plan> plan_of_point(CLI::App& app, SimulationOptions& options, const Grid& grid,
                           std::size_t i) {
  const std::vector<std::string> values = grid.point(i);
  try {
    for (std::size_t axis = 0; axis < values.size(); ++axis) {
      CLI::Option* option = app.get_option("--" + grid.axes[axis].key);
      option->clear();
      option->add_result(values[axis]);
      option->run_callback();
    }
  } catch (const CLI::ParseError& error) {
    return Error{fmt::format("--grid: {}", error.what())};
  }
  auto plan = make_plan(options);
  if (!plan) return Error{fmt::format("--grid: {}: {}", grid.in_words(i), plan.error().text)};
  return plan;
}

}  // namespace

void declare_sweep(CLI::App& app, SweepFlags& flags) {
  flags.jobs = std::max(1u, std::thread::hardware_concurrency());
  app.add_option("--grid", flags.grid,
                 "settings and their values, tried in every combination:\n"
                 "\"lr=1e-4,1e-3 beta=0.9,0.99\"; flag names without dashes")
      ->type_name("GRID")
      ->required()
      ->group(kGroup);
  app.add_option("--seeds", flags.seeds,
                 "runs per combination: with --seed and the numbers after it")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(1, kMostSweepRuns))
      ->group(kGroup);
  app.add_option("--validation-fraction", flags.validation_fraction,
                 "share of the training samples that is held back to choose by")
      ->type_name("SHARE")
      ->capture_default_str()
      ->check(real_number(0.001, 0.9))
      ->group(kGroup);
  app.add_option("--jobs", flags.jobs, "runs at a time, each on one core")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(1, 1024))
      ->configurable(false)
      ->group(kGroup);
  add_simulation_options(app, flags.run);
  for (const char* flag : kWithoutEffect) {
    app.get_option(flag)->group("")->configurable(false);
  }
  add_output_options(app, flags.output);
  add_kernels_option(app);
  app.get_option("--out")->description(
      "folder for sweep.csv, a row per run; a sweep that was cut off\n"
      "goes on from there when the same line is given again;\n"
      "default: runs/sweep-, the grid's settings, and a number that\n"
      "is the same for the same line");
  app.get_option("--json")->description("the result as one JSON object on the last line of stdout");
}

std::vector<GivenFlag> given_flags(const CLI::App& app) {
  CLI::App newborn;
  SimulationOptions defaults;
  add_simulation_options(newborn, defaults);
  std::vector<GivenFlag> given;
  for (const CLI::Option* born : newborn.get_options()) {
    const std::string flag = born->get_name();
    const CLI::Option* option = app.get_option(flag);
    if (!option->get_configurable() || flag == "--seed") continue;
    const std::string value =
        option->count() == 0 ? option->get_default_str() : option->results().back();
    if (value != born->get_default_str()) given.push_back({flag, value});
  }
  return given;
}

Result<SweepPlan> make_sweep_plan(CLI::App& app, SweepFlags& flags) {
  SweepPlan plan;
  auto grid = parse_grid(flags.grid);
  if (!grid) return grid.error();
  plan.grid = std::move(*grid);
  if (const Status known = check_grid(app, plan.grid); !known) return known.error();
  if (app.get_option("--transport")->count() > 0 && flags.run.transport != "memory") {
    return Error{"--transport: a sweep runs in memory; leave it away"};
  }
  flags.run.transport = "memory";  // whatever a run's file says: it plays no part
  const std::uint64_t points = plan.grid.points();
  if (points > kMostSweepRuns || points * flags.seeds > kMostSweepRuns) {
    return Error{fmt::format("--grid: that is more than {} runs (combinations times --seeds)",
                             kMostSweepRuns)};
  }
  if (flags.run.run.seed > std::numeric_limits<std::uint32_t>::max() - (flags.seeds - 1)) {
    return Error{"--seed: too large to count --seeds on from"};
  }
  for (std::size_t i = 0; i < points; ++i) {
    auto point = plan_of_point(app, flags.run, plan.grid, i);
    if (!point) return point.error();
    plan.plans.push_back(std::move(*point));
  }
  plan.seeds = flags.seeds;
  plan.validation_fraction = flags.validation_fraction;
  plan.jobs = flags.jobs;
  return plan;
}

}  // namespace psephos::simulator
