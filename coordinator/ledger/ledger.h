#pragma once
// The list of decisions that makes a run. A decision is committed here before anybody sees it;
// replaying the list from x_0 rebuilds every past model. Today in memory, with the reach that
// catch-up needs; the durable one goes behind the same interface.
//
// Not thread-safe.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/signs/ballot_codec.h"

namespace psephos::coordinator {

inline constexpr std::uint32_t kCheckpointEvery = 32;  // rounds
inline constexpr std::uint32_t kDecisionsKept = 64;    // newest ones within reach at least

// Turns x_round into x_{round+1}.
struct DecisionRecord {
  std::uint32_t round = 0;
  float delta = 0;
  float keep = 1;
  EncodedSigns votes;
  std::uint32_t voters = 0;
  std::vector<std::string> counted;  // identities, in the order their ballots were counted
  std::uint64_t fingerprint = 0;     // of x_{round+1}
};
using DecisionRef = std::shared_ptr<const DecisionRecord>;

// x_round and the last decision's planes (runtime/replica/checkpoint.h). Never changes.
struct Checkpoint {
  std::uint32_t round = 0;
  std::uint64_t fingerprint = 0;
  Bytes bytes;
};
using CheckpointRef = std::shared_ptr<const Checkpoint>;

class Ledger {
 public:
  virtual ~Ledger() = default;

  // Rounds must come without gaps. When this returns ok the decision survives.
  virtual Status commit(DecisionRef record) = 0;
  virtual Status add_checkpoint(CheckpointRef checkpoint) = 0;

  // The decision of `round`, or null where it is out of reach.
  virtual DecisionRef decision(std::uint32_t round) const = 0;
  // The number of decisions ever committed: the open round.
  virtual std::uint32_t rounds() const = 0;

  // The newest checkpoint (there is one at round 0 from the start), or that of `round` while it is
  // kept.
  virtual CheckpointRef newest_checkpoint() const = 0;
  virtual CheckpointRef checkpoint(std::uint32_t round) const = 0;
};

}  // namespace psephos::coordinator
