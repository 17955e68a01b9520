#pragma once
// A run's configuration as words that a ledger keeps: who goes on with a run must bring the same.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/replica/tensor_table.h"
#include "runtime/run/run_config.h"

namespace psephos::coordinator {

// One line per flag, "--lr 0.001", in a fixed order; then the model's tensors, the partition that
// clients must be of and the samples that accuracy is measured on (0: there are none), as hashes.
// Not among them: --rounds, which may grow, and where x_0 came from, which the ledger itself holds.
std::string run_words(const RunConfig& config, const TensorTable& tensors,
                      std::uint64_t data_manifest, std::uint64_t held_out);

// The first line in which two runs differ, but for --max-clients and --eval-every, which change no
// decision.
struct WordsDifference {
  std::string flag;  // "--lr"
  std::string was;   // in `before`
  std::string is;
};
std::optional<WordsDifference> first_difference(std::string_view before, std::string_view now);

}  // namespace psephos::coordinator
