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

class CountingRoom {
 public:
  // `x`: the parameters at `round`. `threads`: of large models' arithmetic.
  CountingRoom(const RunConfig& config, Replica x, std::uint32_t round, unsigned threads = 1);

  // Counts a ballot of the replica's size. The caller sees to it that no identity comes twice.
  void count(const std::string& identity, const HeldSigns& ballot);

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
  std::vector<std::pair<std::string, AgreementSample>> samples_;
  std::optional<PackedSigns> last_;  // decision: of round_ - 1, if that was decided here
};

}  // namespace psephos::coordinator
