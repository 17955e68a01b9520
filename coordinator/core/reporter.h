#pragma once
// Where what is known of a run goes: the terminal, the run folder, and at the end the summary.
//
// Thread-safe as far as note() and note_weighty() go; the rest belongs to the coordinator's thread.

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/core/coordinator.h"
#include "runtime/base/token_bucket.h"
#include "runtime/report/options.h"
#include "runtime/report/run_folder.h"
#include "runtime/report/terminal.h"

namespace psephos::coordinator {

// The comings and goings of ten clients are worth a line each, those of ten thousand are not: so
// many lines at once, and so many a second after that; the rest is counted.
inline constexpr double kNoteBurst = 20;
inline constexpr double kNotesPerSecond = 1;

class Reporter {
 public:
  // `rounds`: planned.
  Reporter(const OutputOptions& output, std::uint32_t rounds);
  // One that says and writes nothing, for a run that is one of many: what is known of it is in its
  // summary.
  struct Silent {};
  explicit Reporter(Silent);

  // Creates the run folder when one was asked for. `goes_on`: another process led the run before,
  // and the folder may hold what it reported.
  Status open_folder(const std::string& config_toml, bool goes_on = false);

  // For a run on a virtual clock: wall time counts from here. Other runs need no start: their rows
  // say when they were.
  void start();

  void round_finished(const RoundRow& row);
  void evaluation_known(const EvaluationRow& row);
  // A line for the log, within the bounds above.
  void note(const std::string& text);
  // One that is always said: for alarms, revocations, the first time that a bound is hit, and other
  // lines that are few because whoever says them sees to it. No crowd can drown them.
  void note_weighty(const std::string& text);

  // Completes `summary` (wall time, accuracy), writes the run folder with its pictures, prints the
  // text for a person (stderr with --json, else stdout) and, with --json, the one-line object as
  // the last line of stdout.
  Status finish(Summary& summary, const Coordinator& coordinator);

 private:
  double wall_seconds() const;
  void say_left_out();
  Status write_folder(const Summary& summary, const Coordinator& coordinator,
                      const std::vector<ClientRow>& clients);

  OutputOptions output_;
  std::uint32_t rounds_ = 0;
  bool silent_ = false;
  Terminal terminal_;
  std::optional<RunFolder> folder_;
  std::optional<std::chrono::steady_clock::time_point> started_;
  std::chrono::steady_clock::time_point last_round_;
  std::optional<EvaluationResult> held_out_;
  std::optional<EvaluationResult> clients_median_;
  double run_s_ = 0;  // of the last row

  std::mutex mutex_;  // of what follows
  TokenBucket notes_{kNotesPerSecond, kNoteBurst};
  std::uint64_t left_out_ = 0;
};

}  // namespace psephos::coordinator
