#pragma once
// A model on its way through a run's decisions: from a checkpoint on, each is applied and its
// fingerprint compared; where the decision rule remembers and the votes are kept, each is decided
// again and compared, too. What a restart, `psephos-ledger verify` and `export` do.
//
// Not thread-safe.

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/run_words.h"
#include "runtime/base/result.h"
#include "runtime/replica/replica.h"
#include "runtime/rules/decision/decision_rule.h"

namespace psephos::coordinator {

class Replay {
 public:
  // Refuses a checkpoint that is damaged, of another d, or of another decision rule. `run`: the
  // ledger's; words that this program does not know are an error.
  static Result<Replay> from(const Checkpoint& checkpoint, const RunRecord& run);
  // One that applies decisions and makes none again: parameters follow from decisions, whatever
  // rule made them. Refuses a checkpoint that is damaged or of another d.
  static Result<Replay> of_parameters(const Checkpoint& checkpoint, const RunRecord& run);

  // The decision of round(). `counts`: the ledger's; null: dropped, or of no interest. The error
  // names the round and, where the parameters differ from what was decided, or the decision from
  // what the votes say, says so; the replay is then of no use.
  Status apply(const DecisionRecord& record, const CountsRef& counts, unsigned threads = 1);

  std::uint32_t round() const { return round_; }
  std::uint64_t fingerprint() const { return fingerprint_; }
  const Replica& replica() const { return replica_; }
  const std::optional<PackedSigns>& last() const { return last_; }
  const RoundTerms& terms() const { return terms_; }  // of round()
  // What the rule remembers is known: no counts since the checkpoint were missing.
  bool remembers() const { return remembers_; }
  // Null where the rule remembers nothing.
  DecisionRule* rule() const { return rule_.get(); }
  // Takes up what a checkpoint says the rule remembers. After round 0 that is something.
  Status remember(const Checkpoint& checkpoint);

  Replica take_replica() { return std::move(replica_); }
  std::optional<PackedSigns> take_last() { return std::move(last_); }
  std::unique_ptr<DecisionRule> take_rule() { return std::move(rule_); }

 private:
  Status decide_again(const DecisionRecord& record, const PackedSigns& signs,
                      const CountsRef& counts, unsigned threads);

  RunRules rules_;
  TensorTable tensors_;
  Replica replica_;
  std::uint32_t round_ = 0;
  std::uint64_t fingerprint_ = 0;
  std::optional<PackedSigns> last_;
  RoundTerms terms_;
  std::unique_ptr<DecisionRule> rule_;
  bool remembers_ = true;
};

}  // namespace psephos::coordinator
