#pragma once
// What a processor does in a round: it counts votes, decides, applies the decision to the
// coordinator's own parameters and takes their fingerprint. Which rate and decay a round has, how a
// decision is encoded and what is written down of it are policy, hence CountingRoom's.
//
// A counter may answer later (a device that counts, a thread): whoever makes such a one gives it a
// waker, to be called from any thread when take() has something. cpu_counter.h answers at once.
//
// Every function is called from one thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "coordinator/ledger/ledger.h"
#include "runtime/replica/replica.h"
#include "runtime/rules/decision/decision_rule.h"
#include "runtime/run/run_config.h"
#include "runtime/signs/ballot_codec.h"
#include "runtime/signs/packed_signs.h"
#include "runtime/vote/tally.h"

namespace psephos::coordinator {

// Votes that enter the open tally together: a ballot, or what somebody else has counted of several.
struct Contribution {
  std::vector<CountedBallot> ballots;  // whose: one for signs, as many as its voters for a tally
  std::variant<HeldSigns, std::shared_ptr<const Tally>> votes;
  // What voters report for the scales, each one rms per tensor; none unless the ballot rule asks.
  std::vector<std::vector<float>> reports = {};
};

struct CloseOrder {
  // No other close has it, and the answer names it: so a late answer is known to be of a close that
  // was lost meanwhile.
  std::uint64_t number = 0;
  std::uint32_t round = 0;
  float delta = 0;
  float keep = 1;
  std::vector<float> scales = {};  // the round's; empty unless the ballot rule asks
  bool counts = false;             // the answer is to bring the round's net counts
};

// The parameters are x_{round + 1} now.
struct CounterClosed {
  std::uint64_t number = 0;  // the order's
  std::uint32_t round = 0;
  std::uint32_t voters = 0;
  PackedSigns decision;
  std::vector<float> steps = {};  // one per tensor in place of delta; empty: delta for all
  CountsRef counts = nullptr;     // the round's net counts, where the order wants them
  std::uint64_t fingerprint = 0;
};
// What was counted in `round` is gone, all of it up to the moment in which this answer is taken,
// and a close that was ordered is not done. The parameters are x_round, as they were.
struct CounterLost {
  std::uint32_t round = 0;
};
using CounterAnswer = std::variant<CounterClosed, CounterLost>;

// What a counter begins with. `rule`: what it remembers of the rounds before; null: nothing.
struct CounterStart {
  RunConfig config;
  TensorTable tensors;
  Replica x;  // the parameters at
  std::uint32_t round = 0;
  unsigned threads = 1;  // for large models; results do not depend on it
  std::unique_ptr<DecisionRule> rule = nullptr;
};

class VoteCounter {
 public:
  virtual ~VoteCounter() = default;

  // Counts votes on d parameters in the open round. No close is unanswered.
  virtual void count(const Contribution& contribution) = 0;

  // Decides the open round by the run's rule, applies the decision with the order's rate and decay,
  // and opens the next round. Answered once: by CounterClosed, or by CounterLost.
  virtual void close(const CloseOrder& order) = 0;

  // The next answer, if there is one. CounterLost may come unasked.
  virtual std::optional<CounterAnswer> take() = 0;

  // Has what was counted in the open round lost, as a device would lose it: take() says so, unless
  // the round is decided already.
  virtual void lose() = 0;

  // The open round's d parameters. No close is unanswered. Valid until the next call.
  virtual std::span<const float> parameters() const = 0;

  // What the decision rule remembers of the rounds before the open one. No close is unanswered.
  virtual RuleState state() = 0;
};

}  // namespace psephos::coordinator
