#pragma once
// What is known of one finished round: a line of progress, a row of metrics.csv.

#include <cstdint>
#include <optional>

namespace psephos {

struct EvaluationResult {
  double loss = 0;      // mean cross entropy
  double accuracy = 0;  // 0..1
  std::uint64_t samples = 0;
};

struct RoundRow {
  std::uint32_t round = 0;  // rounds finished, so the first row is 1
  double seconds = 0;       // since the run started (virtual time in a memory simulation)
  double delta = 0;         // learning rate applied
  double train_loss = 0;    // mean over voters' batches
  std::uint32_t voters = 0;
  std::uint32_t expected = 0;  // invited and live at opening
  double abstained = 0;        // share of ballot entries that were zero, 0..1
  double decided = 0;          // share of parameters with a non-zero decision, 0..1
  std::uint64_t bytes_up = 0;  // all frames so far
  std::uint64_t bytes_down = 0;
  std::uint64_t fingerprint = 0;  // after the round
};

// An evaluation arrives some rounds later than the round it is of.
struct EvaluationRow {
  std::uint32_t round = 0;
  std::optional<EvaluationResult> held_out;      // the coordinator's own test set
  std::optional<EvaluationResult> clients_mean;  // weighted by samples; never used in training
  std::optional<EvaluationResult> clients_median;
};

}  // namespace psephos
