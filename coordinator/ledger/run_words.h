#pragma once
// A run's configuration as words that a ledger keeps: who goes on with a run must bring the same.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/run/run_config.h"

namespace psephos::coordinator {

// One line per flag, "--lr 0.001", in a fixed order; then the model's tensors, the partition that
// clients must be of and the samples that accuracy is measured on (0: there are none), as hashes.
// Not among them: --rounds, which may grow, and where x_0 came from, which the ledger itself holds.
std::string run_words(const RunConfig& config, const TensorTable& tensors,
                      std::uint64_t data_manifest, std::uint64_t held_out);

// The rules of such a run by which its decisions can be made again from votes.
struct RunRules {
  DecisionChoice decision = decision_rules().first();
  Downlink downlink = Downlink::kTernary;
  std::uint32_t seed = 0;
};
// Refuses words that this program does not know.
Result<RunRules> rules_of(std::string_view words);

// A model's tensors as text, a line each: parameters, scale of initial values, name.
std::string tensors_text(const TensorTable& tensors);
Result<TensorTable> tensors_of(std::string_view text);

// The first line in which two runs differ, but for --max-clients and --eval-every, which change no
// decision.
struct WordsDifference {
  std::string flag;  // "--lr"
  std::string was;   // in `before`
  std::string is;
};
std::optional<WordsDifference> first_difference(std::string_view before, std::string_view now);

}  // namespace psephos::coordinator
