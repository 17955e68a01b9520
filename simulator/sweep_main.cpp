// The program's side of a sweep: flags in, a progress line, the table and the best line out.

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "runtime/base/interrupt.h"
#include "runtime/base/units.h"
#include "runtime/data/scale_advice.h"
#include "runtime/report/config_file.h"
#include "runtime/report/nearest_name.h"
#include "runtime/report/options.h"
#include "runtime/report/terminal.h"
#include "simulator/sweep.h"
#include "simulator/text_table.h"

namespace psephos::simulator {
namespace {

constexpr const char* kName = "psephos-simulate sweep";
constexpr const char* kGroup = "Sweep";
constexpr const char* kExplanation =
    R"(How the best is chosen: a share of the training samples is held back (--validation-fraction), every
run trains on the rest and is evaluated on those held back, once, after its last round. The best
point has the highest mean accuracy over its seeds (if equal, the lower loss). The test set plays no
part in that. The best point alone is then trained again on all training samples, with the same
seeds, each run is evaluated on the test set once, and that is printed as the test accuracy.

Examples:
  Learning rate and momentum, three seeds each; the same line goes on after Ctrl-C or a power cut:
    psephos-simulate sweep --grid "lr=3e-4,1e-3,3e-3 beta=0.9,0.99" --seeds 3 --out sweeps/lr

  What abstaining does on label shards, with every other flag as for a run:
    psephos-simulate sweep --grid "ballot=sign,threshold:0.3,threshold:0.6" --partition shards:2
        --schedule cosine --rounds 300 --out sweeps/ballot

  Values that have commas of their own stand between semicolons:
    psephos-simulate sweep --grid "model=softmax;mlp:128;mlp:256,128" --out sweeps/model --json

  Around a run that is there already, the grid instead of its file's lr:
    psephos-simulate sweep --config runs/seven/config.toml --grid "lr=3e-4,1e-3" --out sweeps/seven)";

struct SweepFlags {
  std::string grid;
  std::uint32_t seeds = 1;
  double validation_fraction = 0.1;
  std::uint32_t jobs = 1;
};

// A flag as it was given, for the command line of the best.
struct Given {
  std::string flag;
  std::string value;
};

int fail(const std::string& text, int status) {
  fmt::print(stderr, "{}: {}\n", kName, text);
  return status;
}

// ---- flags -------------------------------------------------------------------------------------

// Flags of a run that mean nothing to a sweep. A run's config.toml may hold them: hidden, they take
// what it says.
constexpr std::array<const char*, 4> kWithoutEffect = {"--threads", "--transport", "--eval-every",
                                                       "--client-eval"};

void declare(CLI::App& app, ConfigSource& source, SweepFlags& flags, SimulationOptions& options,
             OutputOptions& output) {
  add_config_option(app, source);
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
  add_simulation_options(app, options);
  for (const char* flag : kWithoutEffect) {
    app.get_option(flag)->group("")->configurable(false);
  }
  add_output_options(app, output);
  app.get_option("--out")
      ->description(
          "folder for sweep.csv, a row per run; a sweep that was cut off\n"
          "goes on from there when the same line is given again")
      ->required();
  app.get_option("--json")->description("the result as one JSON object on the last line of stdout");
}

bool belongs_to_a_run(const CLI::Option& option) {
  const std::string group = option.get_group();
  return group != kGroup && group != "" && option.get_configurable() &&
         option.get_name() != "--seed" && option.get_name() != "--dataset" &&
         option.get_name() != "--test-fraction";
}

std::vector<std::string> grid_keys(const CLI::App& app) {
  std::vector<std::string> keys;
  for (const CLI::Option* option : app.get_options()) {
    if (belongs_to_a_run(*option)) keys.push_back(option->get_single_name());
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

// The flags of a run that are not as they were born, be it by the command line or by a file. Not
// --seed, which is counted, and not what means nothing to a sweep.
std::vector<Given> given_flags(const CLI::App& app) {
  CLI::App newborn;
  SimulationOptions defaults;
  add_simulation_options(newborn, defaults);
  std::vector<Given> given;
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

Result<SweepPlan> make_sweep_plan(CLI::App& app, const SweepFlags& flags,
                                  SimulationOptions& options) {
  SweepPlan plan;
  auto grid = parse_grid(flags.grid);
  if (!grid) return grid.error();
  plan.grid = std::move(*grid);
  if (const Status known = check_grid(app, plan.grid); !known) return known.error();
  if (options.transport != "memory") {
    return Error{"--transport: a sweep runs in memory; leave it away"};
  }
  const std::uint64_t points = plan.grid.points();
  if (points > kMostSweepRuns || points * flags.seeds > kMostSweepRuns) {
    return Error{fmt::format("--grid: that is more than {} runs (combinations times --seeds)",
                             kMostSweepRuns)};
  }
  if (options.run.seed > std::numeric_limits<std::uint32_t>::max() - (flags.seeds - 1)) {
    return Error{"--seed: too large to count --seeds on from"};
  }
  for (std::size_t i = 0; i < points; ++i) {
    auto point = plan_of_point(app, options, plan.grid, i);
    if (!point) return point.error();
    plan.plans.push_back(std::move(*point));
  }
  plan.seeds = flags.seeds;
  plan.validation_fraction = flags.validation_fraction;
  plan.jobs = flags.jobs;
  return plan;
}

// ---- a line to type ----------------------------------------------------------------------------

std::string shell_word(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=+@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string this_command(int argc, const char* const* argv) {
  std::string line = kName;
  for (int i = 1; i < argc; ++i) line += " " + shell_word(argv[i]);
  return line;
}

std::string command_of(const SweepPlan& plan, std::size_t point, const std::vector<Given>& given) {
  std::string line = "psephos-simulate";
  for (const Given& flag : given) {
    // A file's value of what the grid varies.
    const bool varied = std::ranges::find(plan.grid.axes, flag.flag.substr(2), &GridAxis::key) !=
                        plan.grid.axes.end();
    if (!varied) line += fmt::format(" {} {}", flag.flag, shell_word(flag.value));
  }
  const std::vector<std::string> values = plan.grid.point(point);
  for (std::size_t axis = 0; axis < values.size(); ++axis) {
    line += fmt::format(" --{} {}", plan.grid.axes[axis].key, shell_word(values[axis]));
  }
  return line + fmt::format(" --seed {}", plan.first_seed());
}

// ---- progress ----------------------------------------------------------------------------------

// One line on stderr, redrawn in place on a terminal; piped, a line every ten seconds and at the
// end of a phase.
class ProgressLine {
 public:
  ProgressLine(const SweepPlan& plan, const SweepTable& table, bool quiet)
      : plan_(plan), table_(table), quiet_(quiet), interactive_(stderr_is_terminal()) {}

  void show(const SweepProgress& progress) {
    if (quiet_) return;
    const auto now = std::chrono::steady_clock::now();
    if (progress.phase != phase_ || !started_) {
      finish();
      phase_ = progress.phase;
      started_ = now;
    }
    const bool ended = progress.done == progress.total && progress.done != shown_done_;
    const auto pause =
        interactive_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10'000);
    if (!ended && shown_ && now - *shown_ < pause) return;
    if (progress.done == shown_done_ && !interactive_) return;
    shown_ = now;
    shown_done_ = progress.done;
    write(line(progress, std::chrono::duration<double>(now - *started_).count()));
  }

  // What follows starts on a line of its own.
  void finish() {
    if (open_) std::fputs("\n", stderr);
    open_ = false;
    shown_.reset();
    shown_done_.reset();
  }

 private:
  std::string line(const SweepProgress& progress, double seconds) const {
    std::string text = fmt::format("{} {}/{}", phase_ == SweepPhase::kGrid ? "run" : "test run",
                                   progress.done, progress.total);
    if (phase_ == SweepPhase::kGrid) text += so_far();
    const std::uint64_t here = progress.done - progress.started_with;
    if (here > 0 && progress.done < progress.total) {
      const double left =
          seconds / static_cast<double>(here) * static_cast<double>(progress.total - progress.done);
      text += fmt::format("  {} left", format_duration(left));
    }
    return text;
  }

  std::string so_far() const {
    const auto failed = std::ranges::count_if(
        table_.rows(), [](const SweepRow& row) { return !row.failure.empty(); });
    std::string text = failed == 0 ? "" : fmt::format("  {} failed", failed);
    const std::vector<Score> ranking = rank(table_.rows(), 1);
    if (ranking.empty() || ranking.front().finished == 0) return text;
    return text + fmt::format("  best so far {:.4f} ({})", ranking.front().accuracy,
                              plan_.grid.in_words(ranking.front().point));
  }

  void write(std::string text) {
    if (!interactive_) {
      fmt::print(stderr, "{}\n", text);
      return;
    }
    winsize size{};
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    text.resize(std::min<std::size_t>(text.size(), known ? size.ws_col - 1u : 79u));
    fmt::print(stderr, "\r\x1b[K{}", text);
    std::fflush(stderr);
    open_ = true;
  }

  const SweepPlan& plan_;
  const SweepTable& table_;
  const bool quiet_;
  const bool interactive_;
  SweepPhase phase_ = SweepPhase::kGrid;
  std::optional<std::chrono::steady_clock::time_point> started_;
  std::optional<std::chrono::steady_clock::time_point> shown_;
  std::optional<std::uint64_t> shown_done_;
  bool open_ = false;
};

// ---- the result --------------------------------------------------------------------------------

constexpr std::size_t kMostRanked = 30;

std::string seeds_in_words(const SweepPlan& plan) {
  const std::uint32_t first = plan.first_seed();
  if (plan.seeds == 1) return fmt::format("seed {}", first);
  return fmt::format("seeds {} to {}", first, first + (plan.seeds - 1));
}

std::string ranking_table(const SweepPlan& plan, const std::vector<Score>& ranking) {
  std::vector<std::string> header{"rank"};
  for (const GridAxis& axis : plan.grid.axes) header.push_back(axis.key);
  const std::size_t words = header.size();
  for (const char* name : {"accuracy", "lowest", "highest", "loss", ""}) header.emplace_back(name);
  TextTable table(header, words);
  for (std::size_t i = 0; i < std::min(ranking.size(), kMostRanked); ++i) {
    const Score& score = ranking[i];
    std::vector<std::string> row{fmt::format("{}", i + 1)};
    for (std::string& value : plan.grid.point(score.point)) row.push_back(std::move(value));
    if (score.finished == 0) {
      row.insert(row.end(), {"-", "-", "-", "-"});
    } else {
      for (const double value : {score.accuracy, score.lowest, score.highest, score.loss}) {
        row.push_back(fmt::format("{:.4f}", value));
      }
    }
    std::string note;
    if (!score.failure.empty()) {
      note = "failed: " + score.failure;
    } else if (score.finished < plan.seeds) {
      note = fmt::format("{} of {} runs", score.finished, plan.seeds);
    }
    row.push_back(std::move(note));
    table.add(std::move(row));
  }
  std::string text = table.text();
  if (ranking.size() > kMostRanked) {
    text += fmt::format("({} more in sweep.csv)\n", ranking.size() - kMostRanked);
  }
  return text;
}

std::string test_in_words(const SweepPlan& plan, const Dataset& dataset,
                          const SweepResult& result) {
  if (dataset.test.size() == 0) return "test accuracy: there is no test set\n";
  const Score score = make_score(result.test_rows);
  if (!score.failure.empty()) {
    return fmt::format("test accuracy: a run failed: {}\n", score.failure);
  }
  const std::string range = plan.seeds == 1 ? ""
                                            : fmt::format(" ({:.4f} to {:.4f} over {} seeds)",
                                                          score.lowest, score.highest, plan.seeds);
  return fmt::format(
      "test accuracy: {:.4f}{}, loss {:.4f}\n"
      "               (the best point, trained again on all {} training samples, {},\n"
      "               each run evaluated once on the {} samples of the test set)\n",
      score.accuracy, range, score.loss, dataset.train.size(), seeds_in_words(plan),
      dataset.test.size());
}

nlohmann::ordered_json result_json(const SweepPlan& plan, const Dataset& dataset,
                                   const SweepResult& result, const std::vector<Given>& given,
                                   const std::string& out) {
  nlohmann::ordered_json json;
  json["program"] = kName;
  json["interrupted"] = result.interrupted;
  json["points"] = plan.plans.size();
  json["seeds"] = plan.seeds;
  json["runs"] = plan.plans.size() * plan.seeds;
  std::uint64_t finished = 0;
  std::uint64_t failed_points = 0;
  for (const Score& score : result.ranking) {
    finished += score.finished;
    failed_points += score.failure.empty() ? 0 : 1;
  }
  json["finished"] = finished;
  json["failed_points"] = failed_points;
  json["best"] = nullptr;
  for (const char* key :
       {"validation_accuracy", "validation_loss", "test_accuracy", "test_loss", "command"}) {
    json[key] = nullptr;
  }
  json["test_samples"] = dataset.test.size();
  json["out"] = out;
  if (!result.has_best) return json;
  const Score& best = result.ranking.front();
  nlohmann::ordered_json settings;
  const std::vector<std::string> values = plan.grid.point(best.point);
  for (std::size_t axis = 0; axis < values.size(); ++axis) {
    settings[plan.grid.axes[axis].key] = values[axis];
  }
  json["best"] = settings;
  json["validation_accuracy"] = best.accuracy;
  json["validation_loss"] = best.loss;
  json["command"] = command_of(plan, best.point, given);
  if (result.test_rows.size() < plan.seeds) return json;
  const Score test = make_score(result.test_rows);
  if (!test.failure.empty()) return json;
  json["test_accuracy"] = test.accuracy;
  json["test_loss"] = test.loss;
  return json;
}

void print_result(std::FILE* out, const SweepPlan& plan, const Dataset& dataset,
                  const SweepResult& result, const std::vector<Given>& given) {
  fmt::print(out, "accuracy on the validation samples, mean of {}:\n{}\n", seeds_in_words(plan),
             ranking_table(plan, result.ranking));
  if (result.has_best) {
    fmt::print(out, "{}the best as a run: {}\n", test_in_words(plan, dataset, result),
               command_of(plan, result.ranking.front().point, given));
  }
}

int sweep(const SweepPlan& plan, const OutputOptions& output, const std::string& asked,
          const std::vector<Given>& given, const std::string& command) {
  const Plan& any = plan.plans.front();
  const auto dataset = load_dataset(any.dataset, DatasetParts::kTrainAndTest, any.test_fraction);
  if (!dataset) return fail(dataset.error().text, kExitFailure);
  auto folder = SweepFolder::open(output.out, asked, plan.grid);
  if (!folder) return fail(folder.error().text, kExitFailure);
  if (!output.quiet) {
    fmt::print(stderr, "{} runs ({} combinations, {}), {} at a time, into {}\n",
               plan.plans.size() * plan.seeds, plan.plans.size(), seeds_in_words(plan), plan.jobs,
               output.out);
    if (const auto advice = scale_advice(**dataset, any.config.hyper.normalisation)) {
      fmt::print(stderr, "{}\n", *advice);
    }
    if (const std::size_t done = folder->validation().rows().size(); done > 0) {
      fmt::print(stderr, "{} of them are done already\n", done);
    }
  }
  catch_interrupts(2);
  ProgressLine line(plan, folder->validation(), output.quiet);
  const auto result = play_sweep(plan, *dataset, *folder,
                                 [&line](const SweepProgress& progress) { line.show(progress); });
  line.finish();
  if (!result) return fail(result.error().text, kExitFailure);

  if (result->interrupted) {
    fmt::print(stderr, "stopped with {} of {} runs done; to go on: {}\n",
               folder->validation().rows().size(), plan.plans.size() * plan.seeds, command);
  } else if (!output.quiet) {
    print_result(output.json ? stderr : stdout, plan, **dataset, *result, given);
  }
  if (output.json) {
    fmt::print("{}\n", result_json(plan, **dataset, *result, given, output.out)
                           .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  std::fflush(stdout);
  if (result->interrupted) return interrupted_exit_status();
  if (!result->has_best) {
    return fail(fmt::format("no combination came to its end with every seed: {}",
                            result->ranking.front().failure),
                kExitFailure);
  }
  return kExitSuccess;
}

}  // namespace

int sweep_main(int argc, const char* const* argv) {
  CLI::App app(
      "Runs every combination of a grid of settings, several seeds each, and finds the best by\n"
      "validation samples. Any flag of a run may be given beside the grid.",
      kName);
  app.footer(kExplanation);
  SweepFlags flags;
  SimulationOptions options;
  OutputOptions output;
  ConfigSource source;
  declare(app, source, flags, options, output);
  if (const auto status = parse_command_line(app, argc, argv)) return *status;
  const std::string asked = config_as_run(app);
  const std::vector<Given> given = given_flags(app);
  const auto plan = make_sweep_plan(app, flags, options);
  if (!plan) return fail(source.explain(plan.error().text), kExitUsage);
  try {
    return sweep(*plan, output, asked, given, this_command(argc, argv));
  } catch (const std::exception& error) {
    return fail(error.what(), kExitFailure);
  }
}

}  // namespace psephos::simulator
