#include "simulator/sweep_main.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "runtime/base/interrupt.h"
#include "runtime/base/units.h"
#include "runtime/data/partition.h"
#include "runtime/data/scale_advice.h"
#include "runtime/report/config_file.h"
#include "runtime/report/options.h"
#include "simulator/sweep_flags.h"
#include "simulator/sweep_progress.h"
#include "simulator/sweep_report.h"

namespace psephos::simulator {
namespace {

constexpr const char* kName = "psephos-simulate sweep";
constexpr const char* kExplanation =
    R"(How the best is chosen: a share of the training samples is held back (--validation-fraction), every
run trains on the rest and is evaluated on those held back, once, after its last round. The best
point has the highest mean accuracy over its seeds (if equal, the lower loss). The test set plays no
part in that. The best point alone is then trained again on all training samples, with the same
seeds, each run is evaluated on the test set once, and that is printed as the test accuracy.

A combination that fails does not stop the others; its row in sweep.csv says why. To try it again,
take its row out. --threads, --eval-every and --client-eval of a run are taken and have no effect.

Examples:
  Learning rate and momentum, three seeds each; the same line goes on after Ctrl-C or a power cut:
    psephos-simulate sweep --grid "lr=1e-4,3e-4,1e-3 beta=0.9,0.99" --seeds 3

  What abstaining does on label shards, with every other flag as for a run:
    psephos-simulate sweep --grid "ballot=sign,threshold:0.3,threshold:0.6" --partition shards:2
        --schedule cosine --rounds 300 --out runs/ballots

  Values that have commas of their own stand between semicolons:
    psephos-simulate sweep --grid "model=softmax;mlp:128;mlp:256,128" --json

  Around a run that is there already, the grid instead of its file's lr:
    psephos-simulate sweep --config runs/seven/config.toml --grid "lr=3e-4,1e-3")";

int fail(const std::string& text, int status) {
  fmt::print(stderr, "{}: {}\n", kName, text);
  return status;
}

// Everything that the flags came to.
struct Sweep {
  SweepPlan plan;
  OutputOptions output;
  std::string asked;  // sweep.toml
  std::vector<GivenFlag> given;
  std::string command;  // to type again

  std::size_t runs() const { return plan.plans.size() * plan.seeds; }
};

std::string this_command(int argc, const char* const* argv) {
  std::string line = kName;
  for (int i = 1; i < argc; ++i) line += " " + shell_word(argv[i]);
  return line;
}

void announce(const Sweep& sweep, std::size_t done) {
  fmt::print(stderr, "{} runs ({} combinations, {}), {} at a time, into {}\n", sweep.runs(),
             sweep.plan.plans.size(), seeds_in_words(sweep.plan), sweep.plan.jobs,
             sweep.output.out);
  if (done > 0) fmt::print(stderr, "{} of them are done already\n", done);
}

// What was asked for, and of which data: files of the same names may have changed since, and
// results of different data must not stand in one table.
Result<std::string> with_data(const Sweep& sweep, const Dataset& dataset) {
  const PartitionRule iid = partition_rules().first();
  const auto whole = make_partition(iid, {dataset.train.labels.data(), dataset.train.size()},
                                    dataset.classes, 1, 0);
  if (!whole) return whole.error();
  return sweep.asked + fmt::format("\n# What the files held\n\ndata=\"{}\"\n",
                                   format_hex(manifest_hash(dataset, iid, *whole, 0)));
}

Result<SweepResult> play(const Sweep& sweep, const DatasetRef& dataset, SweepFolder& folder) {
  const auto start = std::chrono::steady_clock::now();
  SweepProgressLine line(sweep.plan.grid, folder.validation(), stderr_is_terminal());
  auto result = play_sweep(sweep.plan, dataset, folder, [&](const SweepProgress& progress) {
    if (sweep.output.quiet) return;
    const std::chrono::duration<double> now = std::chrono::steady_clock::now() - start;
    line.show(progress, now.count());
  });
  line.finish();
  return result;
}

int report(const Sweep& sweep, const Dataset& dataset, const SweepResult& result,
           std::size_t done) {
  if (result.interrupted) {
    fmt::print(stderr, "stopped with {} of {} runs done; to go on: {}\n", done, sweep.runs(),
               sweep.command);
  } else if (!sweep.output.quiet) {
    fmt::print(sweep.output.json ? stderr : stdout, "{}",
               describe_sweep(sweep.plan, dataset, result, sweep.given));
  }
  if (sweep.output.json) {
    fmt::print("{}\n", sweep_json(sweep.plan, dataset, result, sweep.given, sweep.output.out));
  }
  std::fflush(stdout);
  if (result.interrupted) return interrupted_exit_status();
  if (result.has_best) return kExitSuccess;
  return fail(
      fmt::format("no combination came to its end with every seed: {} (to try one again, take "
                  "its row out of {}/sweep.csv)",
                  result.ranking.front().failure, sweep.output.out),
      kExitFailure);
}

int run(const Sweep& sweep) {
  const Plan& any = sweep.plan.plans.front();
  const auto dataset = load_dataset(any.dataset, DatasetParts::kTrainAndTest, any.test_fraction);
  if (!dataset) return fail(dataset.error().text, kExitFailure);
  const auto asked = with_data(sweep, **dataset);
  if (!asked) return fail(asked.error().text, kExitFailure);
  auto folder = SweepFolder::open(sweep.output.out, *asked, sweep.plan.grid);
  if (!folder) return fail(folder.error().text, kExitFailure);
  if (!sweep.output.quiet) {
    announce(sweep, folder->validation().rows().size());
    if (const auto advice = scale_advice(**dataset, any.config.hyper.normalisation)) {
      fmt::print(stderr, "{}\n", *advice);
    }
  }
  catch_interrupts(2);
  const auto result = play(sweep, *dataset, *folder);
  if (!result) return fail(result.error().text, kExitFailure);
  return report(sweep, **dataset, *result, folder->validation().rows().size());
}

}  // namespace

int sweep_main(int argc, const char* const* argv) {
  CLI::App app(
      "Runs every combination of a grid of settings, several seeds each, and finds the best by\n"
      "validation samples. Any flag of a run may be given beside the grid.",
      kName);
  app.footer(kExplanation);
  SweepFlags flags;
  ConfigSource source;
  add_config_option(app, source);
  declare_sweep(app, flags);
  if (const auto status = parse_command_line(app, argc, argv)) return *status;
  Sweep sweep;
  // Both before the plan is made: the app then stands at the grid's last point.
  sweep.asked = config_as_run(app);
  sweep.given = given_flags(app);
  sweep.command = this_command(argc, argv);
  auto plan = make_sweep_plan(app, flags);
  if (!plan) return fail(source.explain(plan.error().text), kExitUsage);
  sweep.plan = std::move(*plan);
  sweep.output = flags.output;
  if (sweep.output.out.empty()) {
    sweep.output.out = usual_sweep_folder(sweep.plan.grid, sweep.asked).string();
  }
  try {
    return run(sweep);
  } catch (const std::exception& error) {
    return fail(error.what(), kExitFailure);
  }
}

}  // namespace psephos::simulator
