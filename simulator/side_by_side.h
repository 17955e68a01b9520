#pragma once
// Many runs, some at a time, each on one thread. A run's result does not depend on what else runs.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "runtime/data/dataset.h"
#include "runtime/report/summary.h"
#include "simulator/plan.h"
#include "simulator/sweep_table.h"

namespace psephos::simulator {

// What a run's end means for a sweep: a result, or why there is none. No row for one that Ctrl-C
// cut short: it will be run again. `rounds`: planned.
std::optional<SweepRow> row_of(std::size_t point, std::uint32_t seed,
                               const Result<Summary>& summary, std::uint32_t rounds);

// Plays runs on threads of its own and hands their rows out one after the other, in the order in
// which they end. One thread owns it.
class SideBySide {
 public:
  struct Run {
    std::size_t point;  // of `plans`
    std::uint32_t seed;
  };

  // Each run is evaluated on the data set's test samples after its last round, and only then.
  // `plans` has to outlive this. After Ctrl-C (catch_interrupts) no more runs begin.
  SideBySide(const std::vector<Plan>& plans, DatasetRef dataset, std::vector<Run> runs,
             unsigned jobs);
  // Runs that have not begun are not begun; those that go on are waited for.
  ~SideBySide();
  SideBySide(const SideBySide&) = delete;
  SideBySide& operator=(const SideBySide&) = delete;

  // The next row; none where none came within a tenth of a second, for the sake of a progress line.
  std::optional<SweepRow> wait_for_row();
  // No row will come any more.
  bool ended();

 private:
  void work();
  Result<Summary> play(const Plan& plan) const;

  const std::vector<Plan>& plans_;
  const DatasetRef dataset_;
  const std::vector<Run> runs_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<SweepRow> rows_;
  unsigned working_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace psephos::simulator
