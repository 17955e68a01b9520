#pragma once
// The list of decisions that makes a run. A decision is committed here before anybody sees it;
// replaying the list from x_0 rebuilds every past model. Behind this interface lies memory
// (memory_ledger.h) or a file that outlives the process (sqlite_ledger.h); a coordinator that is
// given a ledger with a run in it goes on with that run.
//
// What may fail returns a Status. After one that is not ok nothing may be decided any more: the
// process ends, and the next one begins with what the ledger holds. Not thread-safe.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/replica/round_terms.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/signs/ballot_codec.h"

namespace psephos::coordinator {

inline constexpr std::uint32_t kCheckpointEvery = 32;       // rounds
inline constexpr std::uint32_t kDecisionsKept = 64;         // newest ones within reach at least
inline constexpr std::uint32_t kMaxMembershipEvents = 256;  // kept of one round

// What a run is and stays, however often its coordinator is started; `rounds` alone may grow.
struct RunRecord {
  std::uint64_t run = 0;          // its number, never 0
  std::string words;              // its configuration, a line per flag (run_words.h)
  std::uint32_t parameters = 0;   // d
  std::uint32_t rounds = 0;       // planned
  bool x0_given = false;          // clients cannot draw x_0
  std::uint64_t fingerprint = 0;  // of x_0
  TensorTable tensors;            // of the model
  bool operator==(const RunRecord&) const = default;
};

// A ballot in a tally: whose, and of which round (older than the decision's when it came late).
struct CountedBallot {
  std::string identity;
  std::uint32_t round = 0;
  bool operator==(const CountedBallot&) const = default;
};

// Turns x_round into x_{round+1}.
struct DecisionRecord {
  std::uint32_t round = 0;
  float delta = 0;
  float keep = 1;
  double decay_pending = 0;  // weight decay gathered and not yet in any `keep` (WeightDecay)
  EncodedSigns votes;
  std::uint32_t voters = 0;
  std::vector<CountedBallot> counted;  // in the order the ballots were counted
  std::vector<float> steps;            // one per tensor in place of delta; empty: delta for all
  RoundTerms next;                     // of round+1
  std::uint64_t fingerprint = 0;       // of x_{round+1}
  // XXH3-64 of the round's net counts, where the decision rule remembers; 0: it does not.
  std::uint64_t counts_hash = 0;
  bool operator==(const DecisionRecord&) const = default;
};
using DecisionRef = std::shared_ptr<const DecisionRecord>;

// The net counts of a round (runtime/vote/net_counts.h, serialise()): with them, and what the
// decision rule remembered before it, the round can be decided again. They are kept until two
// checkpoints hold what the rule remembers, and then dropped. Null: the rule remembers nothing, or
// they are dropped.
using CountsRef = std::shared_ptr<const Bytes>;
std::uint64_t hash_counts(const Bytes& counts);

// Who came and went since the decision before: for whoever reads the ledger later.
struct MembershipEvent {
  enum class Kind : std::uint8_t { kJoined = 0, kSilent = 1, kBack = 2, kLeft = 3 };
  Kind kind = Kind::kJoined;
  std::string identity;
  bool operator==(const MembershipEvent&) const = default;
};
struct Membership {
  std::vector<MembershipEvent> events;  // the first kMaxMembershipEvents of them
  std::uint32_t left_out = 0;           // how many more there were
  bool operator==(const Membership&) const = default;
};

// A new epoch begins where the ledger turned out to be behind its clients: rounds they hold are
// given up.
struct EpochRecord {
  std::uint32_t epoch = 0;  // ascending
  std::uint32_t round = 0;  // open when it began
  std::uint32_t lost = 0;   // rounds that somebody held beyond it
  bool operator==(const EpochRecord&) const = default;
};

// x_round, the last decision's planes and the round's terms (runtime/replica/checkpoint.h), which
// clients are sent; and what the decision rule remembers, which they never are. Never changes.
struct Checkpoint {
  std::uint32_t round = 0;
  std::uint64_t fingerprint = 0;
  Bytes bytes;
  Bytes rule;  // append_state of runtime/rules/rule_state.h
};
using CheckpointRef = std::shared_ptr<const Checkpoint>;

class Ledger {
 public:
  virtual ~Ledger() = default;

  // The run it is of, or null while none has begun.
  virtual const RunRecord* run() const = 0;
  // Begins one; `x_0`: the checkpoint of round 0. Once.
  virtual Status begin(const RunRecord& run, CheckpointRef x_0) = 0;
  // The run is to have more rounds than planned.
  virtual Status grow(std::uint32_t rounds) = 0;

  // The newest epoch; 0 from the beginning.
  virtual std::uint32_t epoch() const = 0;
  // `record.epoch` must be above that.
  virtual Status begin_epoch(const EpochRecord& record) = 0;

  // Rounds must come without gaps. When this returns ok the decision survives.
  // `counts`: of the record's counts_hash, or null where that is 0.
  virtual Status commit(DecisionRef record, const Membership& membership, CountsRef counts) = 0;
  // Of the open round.
  virtual Status add_checkpoint(CheckpointRef checkpoint) = 0;

  // The decision of `round`, or null where it is out of reach of catch-up.
  virtual DecisionRef decision(std::uint32_t round) const = 0;
  // Its counts; null where there are none, or no more, or it is out of reach.
  virtual Result<CountsRef> counts(std::uint32_t round) = 0;
  // Is the ballot that `identity` cast in `round` counted, by a decision of at most `staleness`
  // rounds later? False where the ledger does not keep these decisions any more.
  virtual Result<bool> is_counted(const std::string& identity, std::uint32_t round,
                                  std::uint32_t staleness) = 0;
  // The number of decisions ever committed: the open round.
  virtual std::uint32_t rounds() const = 0;

  // The newest checkpoint (there is one from the beginning of a run), or that of `round` while it
  // is within reach of catch-up.
  virtual CheckpointRef newest_checkpoint() const = 0;
  virtual CheckpointRef checkpoint(std::uint32_t round) const = 0;
};

}  // namespace psephos::coordinator
