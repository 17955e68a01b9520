#pragma once
// Where ballots are counted: the open round's tally, the decision rule, and the coordinator's own
// replica. Knows nothing of clients but their identities, nothing of time or sockets.
//
// Not thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/ledger/ledger.h"
#include "runtime/replica/replica.h"
#include "runtime/run/run_config.h"
#include "runtime/signs/ballot_codec.h"
#include "runtime/vote/agreement.h"
#include "runtime/vote/tally.h"

namespace psephos::coordinator {

struct ClosedRound {
  DecisionRef record;
  std::vector<std::pair<std::string, double>> agreement;  // per counted ballot, 0..1
  double decided = 0;  // share of parameters with a non-zero decision
};

// What the rounds before hand on, beside the parameters.
struct Carried {
  std::optional<PackedSigns> last;  // the last decision; none at round 0
  double decay_pending = 0;         // DecisionRecord's
};

class CountingRoom {
 public:
  // `x`: the parameters at `round`. `threads`: of large models' arithmetic.
  CountingRoom(const RunConfig& config, Replica x, std::uint32_t round, unsigned threads = 1,
               Carried carried = {});

  // Counts a ballot with the replica's number of signs. The caller sees to it that no identity
  // comes twice.
  void count(const CountedBallot& ballot, const HeldSigns& signs);

  // What the ballots counted so far decide.
  PackedSigns decision() const;

  // Decides the open round, applies the decision to the replica and opens the next round's tally.
  ClosedRound close();

  // Forgets the open round's ballots.
  void lose_tally();

  const Replica& replica() const { return replica_; }
  std::uint32_t round() const { return round_; }
  CheckpointRef checkpoint() const;

 private:
  RunConfig config_;
  unsigned threads_;
  WeightDecay decay_;
  Replica replica_;
  std::uint32_t round_;
  std::uint64_t fingerprint_;
  Tally tally_;
  std::vector<AgreementSample> samples_;
  std::vector<CountedBallot> counted_;
  std::optional<PackedSigns> last_;  // decision: of round_ - 1
};

}  // namespace psephos::coordinator
