#pragma once
// A model on its way through a run's decisions: from a checkpoint on, each is applied and its
// fingerprint compared. What a restart, `psephos-ledger verify` and `export` do.
//
// Not thread-safe.

#include <cstdint>
#include <optional>
#include <utility>

#include "coordinator/ledger/ledger.h"
#include "runtime/base/result.h"
#include "runtime/replica/replica.h"

namespace psephos::coordinator {

class Replay {
 public:
  // Refuses a checkpoint that is damaged or of another d.
  static Result<Replay> from(const Checkpoint& checkpoint, std::size_t parameters);

  // The decision of round(). The error names the round and, where the parameters differ from what
  // was decided, says so; the replica is then of no use.
  Status apply(const DecisionRecord& record, unsigned threads = 1);

  std::uint32_t round() const { return round_; }
  std::uint64_t fingerprint() const { return fingerprint_; }
  const Replica& replica() const { return replica_; }
  const std::optional<PackedSigns>& last() const { return last_; }

  Replica take_replica() { return std::move(replica_); }
  std::optional<PackedSigns> take_last() { return std::move(last_); }

 private:
  Replica replica_;
  std::uint32_t round_ = 0;
  std::uint64_t fingerprint_ = 0;
  std::optional<PackedSigns> last_;
};

}  // namespace psephos::coordinator
