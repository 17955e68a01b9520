#pragma once
// What a coordinator is told before a run starts: the hyper-parameters every client obeys, and the
// rules that only the coordinator applies.

#include <cstdint>
#include <string>

#include "runtime/base/result.h"
#include "runtime/replica/round_terms.h"
#include "runtime/replica/schedule.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/rules/decision/decision_rule.h"
#include "runtime/run/hyperparameters.h"
#include "runtime/vote/downlink.h"

namespace psephos {

inline constexpr double kMinLearningRate = 1e-30;  // stays a normal float
inline constexpr double kMaxLearningRate = 1000;   // x would leave float long before lr overflows
inline constexpr std::uint32_t kMinDeadlineMs = 10;
inline constexpr std::uint32_t kMaxDeadlineMs = 86'400'000;  // a day
inline constexpr std::uint32_t kMaxClients = 1'000'000;

struct RunConfig {
  Hyperparameters hyper;
  std::string tensors_file;  // of an external model (runtime/replica/tensor_file.h); else empty
  std::string init_file;     // x_0 (runtime/replica/initial_file.h); empty: drawn
  DecisionChoice decision = decision_rules().first();
  Downlink downlink = Downlink::kTernary;
  std::uint32_t batch = 32;  // samples per gradient
  float local_lr = 0.03f;    // of the local steps, where there are several
  double lr = 1e-3;
  Schedule schedule = schedules().first();
  double weight_decay = 0;             // lambda
  double fraction = 1.0;               // of live clients drawn to vote in a round
  std::uint32_t min_voters = 1;        // no round closes with fewer ballots
  std::uint32_t target_voters = 0;     // a round closes at this many; 0: no target
  std::uint32_t min_clients = 0;       // round 0 waits for this many to join; 0: min_voters
  std::uint32_t deadline_ms = 30'000;  // from a round's opening
  std::uint32_t max_clients = 10'000;
  std::uint32_t max_joins_per_second = 0;  // more are told to wait; 0: no bound
  std::uint32_t eval_every = 100;          // rounds between evaluations; 0: only the last round
  bool client_eval = false;                // ask clients for evaluations, too
};

// The terms of round 0: no scale is known yet.
RoundTerms first_terms(const RunConfig& config, const TensorTable& tensors);

// Ranges (check_hyperparameters included), and combinations that cannot work: rules that leave
// parameters out with --downlink binary, more voters wanted than clients, decay that eats the step.
// Sentences name the flags.
Status check_run_config(const RunConfig& config);

}  // namespace psephos
