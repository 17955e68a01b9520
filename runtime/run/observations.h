#pragma once
// What a run is seen to do: of every finished round, every evaluation and every client. The
// coordinator's machine states them; reports make lines of progress and rows of CSV files of them.

#include <cstdint>
#include <optional>
#include <string>

namespace psephos {

struct EvaluationResult {
  double loss = 0;      // mean cross entropy
  double accuracy = 0;  // 0..1
  std::uint64_t samples = 0;
};

// One finished round: a row of metrics.csv.
struct RoundRow {
  std::uint32_t round = 0;  // rounds finished, so the first row is 1
  double seconds = 0;       // since the run started (virtual time in a memory simulation)
  double delta = 0;         // learning rate applied
  double train_loss = 0;    // mean over the middle half of the voters' batches
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
  std::optional<EvaluationResult> held_out;        // the coordinator's own test set
  std::optional<EvaluationResult> clients_mean;    // weighted by samples; never used in training
  std::optional<EvaluationResult> clients_median;  // what is shown: no client moves it far
};

// One client over the whole run: a row of clients.csv.
struct ClientRow {
  std::string name;
  std::uint64_t samples = 0;
  std::uint64_t invited = 0;  // rounds
  std::uint64_t counted = 0;
  std::uint64_t late = 0;    // arrived after the round had closed
  std::uint64_t absent = 0;  // invited, nothing usable came before the round closed (late included)
  double agreement = 0;      // mean over counted ballots, 0..1
};

}  // namespace psephos
