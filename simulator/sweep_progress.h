#pragma once
// The line that says how far a sweep is: on a terminal redrawn in place, piped a line every ten
// seconds and at the end of a phase.

#include <cstdint>
#include <optional>

#include "runtime/report/status_line.h"
#include "simulator/sweep.h"

namespace psephos::simulator {

// "run 4/18  1 failed  best so far 0.8612 (lr=1e-3 beta=0.9)  12 s left". `seconds`: since the
// phase began here.
std::string sweep_line(const SweepProgress& progress, const Grid& grid,
                       const std::vector<SweepRow>& rows, double seconds);

class SweepProgressLine {
 public:
  // `grid` and `table` have to outlive this.
  SweepProgressLine(const Grid& grid, const SweepTable& table, bool interactive)
      : grid_(grid), table_(table), line_(interactive) {}

  // `now_s`: real time since an origin of the caller's.
  void show(const SweepProgress& progress, double now_s);
  // What follows starts on a line of its own.
  void finish();

 private:
  bool due(const SweepProgress& progress, double now_s) const;

  const Grid& grid_;
  const SweepTable& table_;
  StatusLine line_;
  SweepPhase phase_ = SweepPhase::kGrid;
  std::optional<double> started_s_;  // of the phase
  std::optional<double> shown_s_;
  std::optional<std::uint64_t> shown_done_;
};

}  // namespace psephos::simulator
