#pragma once
// Progress and log lines on one terminal. On a terminal the progress line is redrawn in place and
// log lines scroll above it; piped, every evaluation and log line is a plain line. All of it goes
// to stderr: stdout is for results. Thread-safe.

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/report/status_line.h"
#include "runtime/run/observations.h"

namespace psephos {

class Terminal {
 public:
  // `interactive`: is stderr a terminal. `quiet`: no progress; log lines are still written.
  Terminal(bool interactive, bool quiet);

  // One line. Control characters, which a peer's text may carry, become '?'.
  void log(std::string_view line);
  // At most ten redraws a second on a terminal; piped: a line per evaluation, and one at least
  // every ten seconds. `rounds`: of the whole run, for the time left. `wall_seconds`: real time
  // since the start.
  void progress(const RoundRow& row, std::uint32_t rounds, double wall_seconds);
  void evaluation(const EvaluationRow& row, std::uint32_t rounds, double wall_seconds);
  // Shows the last round, and ends the progress line so that what follows starts on a line of its
  // own.
  void finish();

 private:
  // All with mutex_ held.
  bool due() const;
  void show();
  double rounds_per_s() const;

  std::mutex mutex_;
  const bool quiet_;
  StatusLine line_;
  std::optional<RoundRow> row_;              // newest
  std::optional<EvaluationRow> evaluation_;  // newest
  std::uint32_t rounds_ = 0;
  double now_s_ = 0;               // the newest wall_seconds heard of
  std::uint32_t first_round_ = 0;  // the rate is measured from the first row: clients may
  double first_s_ = 0;             // have been waited for, rounds replayed before it
  double shown_s_ = 0;
  bool stale_ = false;               // something newer than what was shown
  bool evaluation_pending_ = false;  // not shown yet
};

// "round 120/600  loss 0.412  accuracy 0.8312 (at 100)  voters 10/10 ...": as many of the fields as
// fit into `width` columns, those that matter least left out first.
std::string progress_line(const RoundRow& row, const std::optional<EvaluationRow>& evaluation,
                          std::uint32_t rounds, double rounds_per_s, std::size_t width);

}  // namespace psephos
