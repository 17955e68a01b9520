#pragma once
// How the vector that a client votes from becomes its ballot.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "platforms/kernels/kernels.h"
#include "runtime/base/philox.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/rules/rule_state.h"
#include "runtime/rules/words.h"
#include "runtime/rules/worker/worker_rule.h"
#include "runtime/signs/packed_signs.h"

namespace psephos {

// What a ballot of one round may depend on beside v: addresses and terms that follow from the round
// alone, so that the same ballot can be computed again.
struct BallotContext {
  PhiloxKey key;  // the client's
  std::uint32_t round = 0;
  const TensorTable* tensors = nullptr;
  std::span<const float> scales = {};  // B per tensor where the rule needs scales; 0: not known yet

  // Where its coins are: words of Philox (platforms/kernels/kernels.h).
  kernels::CoinAddress coins() const;
};

// The rule of one client in one run, and what it remembers. Not thread-safe.
class BallotRule {
 public:
  virtual ~BallotRule() = default;

  // The ballot on v: d finite floats, the same d at every call. Canonical.
  virtual PackedSigns ballot(std::span<const float> v, const BallotContext& context) = 0;

  // The ballot on what `worker` makes of `gradient`, in one pass over memory. Nothing, and nothing
  // has happened: these two rules cannot.
  virtual std::optional<PackedSigns> ballot_in_one_pass(WorkerRule& worker,
                                                        std::span<const float> gradient,
                                                        const BallotContext& context) {
    static_cast<void>(worker);
    static_cast<void>(gradient);
    static_cast<void>(context);
    return std::nullopt;
  }

  // The decision of the last ballot's round is held; did it count that ballot? Asked of rules with
  // `settles`, once for every ballot.
  virtual void settle(bool counted) { static_cast<void>(counted); }

  // What it remembers; vectors are empty before the first ballot.
  virtual RuleSlots slots() { return {}; }
};

struct BallotNeeds {
  bool abstains = false;  // may leave a parameter out: no binary downlink
  bool scales = false;    // B per tensor, and a report of v's rms with every ballot
  bool settles = false;   // its state depends on which ballots were counted: no stale ballots
};

struct BallotRuleInfo {
  RuleHead head;
  BallotNeeds needs;
  std::unique_ptr<BallotRule> (*make)(std::span<const double> values);
  // Of a rule with scales: how many times the median rms of v the coordinator makes B.
  double (*scale_multiple)(std::span<const double> values) = nullptr;
};
using BallotChoice = Chosen<BallotRuleInfo>;

// The only list of ballot rules.
const Family<BallotRuleInfo>& ballot_rules();
Result<BallotChoice> parse_ballot_rule(std::string_view text);  // "sign", "threshold:0.5"

}  // namespace psephos
