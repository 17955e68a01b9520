#pragma once
// psephos-simulate sweep: every point of a grid, each with several seeds, in parallel over runs;
// the best by validation samples, and what that one reaches on the test set.
//
// The validation samples are split off the training set. The test set plays no part in the choice:
// no run of the grid is ever shown it. The best point alone is trained again on all training
// samples, and each of its runs is evaluated on the test set once.

#include <cstdint>
#include <functional>
#include <vector>

#include "runtime/data/dataset.h"
#include "simulator/grid.h"
#include "simulator/plan.h"
#include "simulator/ranking.h"
#include "simulator/sweep_folder.h"

namespace psephos::simulator {

inline constexpr std::uint64_t kMostSweepRuns = 10'000;

struct SweepPlan {
  Grid grid;
  std::vector<Plan> plans;  // one per point of the grid, with the first seed
  std::uint32_t seeds = 1;  // runs per point: the first seed and those that follow it
  double validation_fraction = 0.1;
  unsigned jobs = 1;  // runs at a time, each on one thread

  std::uint32_t first_seed() const { return plans.front().config.hyper.seed; }
};

enum class SweepPhase : std::uint8_t { kGrid, kBest };

// Where a sweep stands, for a progress line.
struct SweepProgress {
  SweepPhase phase = SweepPhase::kGrid;
  std::uint64_t done = 0;  // runs of this phase, those of earlier starts included
  std::uint64_t total = 0;
  std::uint64_t started_with = 0;  // those of earlier starts
};

struct SweepResult {
  bool interrupted = false;
  std::vector<Score> ranking;       // best first
  bool has_best = false;            // the first of them came to its end with every seed
  std::vector<SweepRow> test_rows;  // of the best, by seed; empty where there is no test set
};

// Runs what the tables don't have yet. A run that fails is a row; an error is of the sweep itself:
// a full disk, no validation samples. `told`: after every row, and every now and then between
// them. Ctrl-C (catch_interrupts) ends it with what there is.
Result<SweepResult> play_sweep(const SweepPlan& plan, const DatasetRef& dataset,
                               SweepFolder& folder,
                               const std::function<void(const SweepProgress&)>& told);

}  // namespace psephos::simulator
