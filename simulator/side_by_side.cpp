#include "simulator/side_by_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <utility>

#include "coordinator/core/reporter.h"
#include "coordinator/core/setup.h"
#include "runtime/base/interrupt.h"
#include "runtime/base/units.h"
#include "simulator/population.h"
#include "simulator/run.h"

namespace psephos::simulator {
namespace {

constexpr auto kBetweenLooks = std::chrono::milliseconds(100);

Plan with_seed(Plan plan, std::uint32_t seed) {
  plan.config.hyper.seed = seed;
  plan.population.seed = seed;
  // The end is what counts.
  plan.config.eval_every = 0;
  plan.config.client_eval = false;
  plan.threads = 1;
  return plan;
}

Result<Summary> play_run(const Plan& plan, const DatasetRef& dataset) {
  const auto population = Population::make(plan.population, dataset);
  if (!population) return population.error();
  auto prepared = coordinator::prepare_run(plan.config, dataset);
  if (!prepared) return prepared.error();
  if (const Status loaded = coordinator::load_initial_parameters(plan.config, *prepared); !loaded) {
    return loaded.error();
  }
  coordinator::Reporter reporter{coordinator::Reporter::Silent{}};
  return run_simulation(plan, *population, std::move(*prepared), reporter);
}

}  // namespace

std::optional<SweepRow> row_of(std::size_t point, std::uint32_t seed,
                               const Result<Summary>& summary, std::uint32_t rounds) {
  SweepRow row;
  row.point = point;
  row.seed = seed;
  if (!summary) {
    row.failure = summary.error().text;
    return row;
  }
  if (summary->interrupted) return std::nullopt;
  if (summary->rounds < rounds) {
    row.failure =
        fmt::format("it stopped after {} rounds ({})", summary->rounds, summary->stopped_because);
  } else if (!summary->accuracy || !summary->loss) {
    row.failure = "it was not evaluated";
  } else if (!std::isfinite(*summary->accuracy) || !std::isfinite(*summary->loss)) {
    row.failure = "it diverged: the loss is not a number any more";
  } else {
    row.accuracy = *summary->accuracy;
    row.loss = *summary->loss;
    row.rounds = summary->rounds;
    row.wall_s = summary->wall_s;
    row.bits_up = summary->bits_up_per_parameter;
    row.bits_down = summary->bits_down_per_parameter;
    row.fingerprint = format_hex(summary->fingerprint);
  }
  return row;
}

SideBySide::SideBySide(const std::vector<Plan>& plans, DatasetRef dataset, std::vector<Run> runs,
                       unsigned jobs)
    : plans_(plans), dataset_(std::move(dataset)), runs_(std::move(runs)) {
  const auto threads = static_cast<unsigned>(std::min<std::size_t>(jobs, runs_.size()));
  working_ = threads;  // from here on theirs to count down
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

SideBySide::~SideBySide() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
}

std::optional<SweepRow> SideBySide::wait_for_row() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kBetweenLooks, [this] { return !rows_.empty() || working_ == 0; });
  if (rows_.empty()) return std::nullopt;
  SweepRow row = std::move(rows_.front());
  rows_.pop_front();
  return row;
}

bool SideBySide::ended() {
  const std::lock_guard lock(mutex_);
  return working_ == 0 && rows_.empty();
}

void SideBySide::work() {
  while (!stopping_ && interrupts() == 0) {
    const std::size_t i = next_++;
    if (i >= runs_.size()) break;
    const Run& run = runs_[i];
    const Plan plan = with_seed(plans_[run.point], run.seed);
    auto row = row_of(run.point, run.seed, play(plan), plan.config.hyper.rounds);
    const std::lock_guard lock(mutex_);
    if (row) rows_.push_back(std::move(*row));
    changed_.notify_one();
  }
  const std::lock_guard lock(mutex_);
  --working_;
  changed_.notify_one();
}

Result<Summary> SideBySide::play(const Plan& plan) const {
  try {
    return play_run(plan, dataset_);
  } catch (const std::exception& error) {
    return Error{error.what()};
  }
}

}  // namespace psephos::simulator
