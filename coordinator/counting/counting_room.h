#pragma once
// Where ballots are counted: a VoteCounter does the arithmetic, the room knows what a round is. It
// keeps the rate's schedule and weight decay, whose ballots are in the tally and a sample of each,
// and makes the decision's record. Knows nothing of clients but their identities, nothing of time
// or sockets.
//
// Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "coordinator/counting/vote_counter.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/session/closed_round.h"
#include "runtime/replica/replica.h"
#include "runtime/replica/schedule.h"
#include "runtime/run/run_config.h"
#include "runtime/signs/packed_signs.h"
#include "runtime/vote/agreement.h"

namespace psephos::coordinator {

// What the rounds before hand on, beside the parameters.
struct Carried {
  std::optional<PackedSigns> last;               // the last decision; none at round 0
  double decay_pending = 0;                      // DecisionRecord's
  RoundTerms terms = {};                         // of the open round
  std::unique_ptr<DecisionRule> rule = nullptr;  // and what it remembers; null: nothing
  bool durable = false;  // the run may go on from its ledger, which has what the rule remembers
};

// The open round's ballots are gone, and the round is still open.
struct BallotsLost {
  std::uint32_t round = 0;
};
using CountingOutcome = std::variant<ClosedRound, BallotsLost>;

class CountingRoom {
 public:
  // `counter`, whose parameters are those at `round`, does the work; it has what the rule
  // remembers.
  CountingRoom(const RunConfig& config, std::unique_ptr<VoteCounter> counter, std::uint32_t round,
               Carried carried);

  // Counts a ballot with the room's number of signs, or any other contribution. The caller sees to
  // it that no identity comes twice, and counts nothing while a round is being closed.
  void count(const CountedBallot& ballot, const HeldSigns& signs, std::vector<float> scales = {});
  void count(Contribution contribution);

  // Has the open round decided and the decision applied; take() has what became of it, at once or
  // later, and the next round is open then.
  void close();

  // What became of a close, or that ballots are lost, which may come unasked.
  std::optional<CountingOutcome> take();

  // Has the open round's ballots lost; take() says so, unless the round is decided already.
  void lose_tally() { counter_->lose(); }

  // Of the open round; not to be asked for while it is being closed. Valid until the next call.
  std::span<const float> parameters() const;
  CheckpointRef checkpoint() const;
  const RoundTerms& terms() const { return terms_; }  // of the open round

  std::size_t size() const { return size_; }  // d
  std::uint32_t round() const { return round_; }
  std::uint64_t fingerprint() const { return fingerprint_; }  // of the open round's parameters

 private:
  struct Sample {
    std::size_t ballot;  // its place in counted_
    AgreementSample blocks;
  };
  struct Closing {
    CloseOrder order;
    WeightDecay decay;  // once this close is done
  };

  ClosedRound closed(CounterClosed answer);
  RoundTerms next_terms() const;
  void forget_ballots();

  RunConfig config_;
  std::unique_ptr<VoteCounter> counter_;
  std::size_t size_;
  std::uint32_t round_;
  std::uint64_t fingerprint_;
  WeightDecay decay_;
  std::vector<Sample> samples_;  // of ballots counted singly
  std::vector<CountedBallot> counted_;
  std::vector<std::vector<float>> reports_;  // for the scales
  RoundTerms terms_;                         // of the open round
  bool keeps_counts_;                        // for a rule that remembers, where the run may go on
  std::optional<PackedSigns> last_;          // decision: of round_ - 1
  std::optional<Closing> closing_;
  std::uint64_t orders_ = 0;  // closes so far
};

}  // namespace psephos::coordinator
