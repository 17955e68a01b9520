#include "simulator/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/base/interrupt.h"
#include "runtime/data/split.h"
#include "simulator/side_by_side.h"

namespace psephos::simulator {
namespace {

Status play_missing(const SweepPlan& plan, const DatasetRef& dataset, SweepPhase phase,
                    const std::vector<SideBySide::Run>& runs, SweepTable& table,
                    const std::function<void(const SweepProgress&)>& told) {
  std::vector<SideBySide::Run> missing;
  std::ranges::copy_if(runs, std::back_inserter(missing), [&table](const SideBySide::Run& run) {
    return !table.has(run.point, run.seed);
  });
  SweepProgress progress;
  progress.phase = phase;
  progress.total = runs.size();
  progress.done = progress.started_with = runs.size() - missing.size();
  told(progress);
  if (missing.empty()) return Ok{};
  SideBySide playing(plan.plans, dataset, std::move(missing), plan.jobs);
  while (!playing.ended()) {
    if (const auto row = playing.wait_for_row()) {
      if (const Status written = table.append(*row); !written) return written;
      ++progress.done;
    }
    told(progress);
  }
  return Ok{};
}

// One seed after the other: the grid is seen as a whole early.
std::vector<SideBySide::Run> runs_of_grid(const SweepPlan& plan) {
  std::vector<SideBySide::Run> runs;
  for (std::uint32_t i = 0; i < plan.seeds; ++i) {
    for (std::size_t point = 0; point < plan.plans.size(); ++point) {
      runs.push_back({point, plan.first_seed() + i});
    }
  }
  return runs;
}

}  // namespace

Result<SweepResult> play_sweep(const SweepPlan& plan, const DatasetRef& dataset,
                               SweepFolder& folder,
                               const std::function<void(const SweepProgress&)>& told) {
  auto split = hold_back(*dataset, plan.validation_fraction, HeldBackAs::kValidation);
  if (!split) return split.error();
  const auto validated = std::make_shared<const Dataset>(std::move(*split));
  const auto played = play_missing(plan, validated, SweepPhase::kGrid, runs_of_grid(plan),
                                   folder.validation(), told);
  if (!played) return played.error();

  SweepResult result;
  result.ranking = rank(folder.validation().rows(), plan.seeds);
  result.interrupted = interrupts() > 0;
  if (result.interrupted || result.ranking.empty()) return result;
  const Score& best = result.ranking.front();
  result.has_best = best.failure.empty() && best.finished == plan.seeds;
  if (!result.has_best || dataset->test.size() == 0) return result;

  std::vector<SideBySide::Run> again;
  for (std::uint32_t i = 0; i < plan.seeds; ++i) {
    again.push_back({best.point, plan.first_seed() + i});
  }
  const auto tested = play_missing(plan, dataset, SweepPhase::kBest, again, folder.test(), told);
  if (!tested) return tested.error();
  result.interrupted = interrupts() > 0;
  std::ranges::copy_if(folder.test().rows(), std::back_inserter(result.test_rows),
                       [&best](const SweepRow& row) { return row.point == best.point; });
  std::ranges::sort(result.test_rows, {}, &SweepRow::seed);
  return result;
}

}  // namespace psephos::simulator
