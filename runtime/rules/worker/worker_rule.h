#pragma once
// What a client votes from: its gradient, or something that it makes of its gradients.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "platforms/kernels/kernels.h"
#include "runtime/rules/rule_state.h"
#include "runtime/rules/words.h"

namespace psephos {

// The rule of one client in one run, and what it remembers. Not thread-safe.
class WorkerRule {
 public:
  virtual ~WorkerRule() = default;

  // v of a round: what the ballot rule turns into votes. `gradient`: d finite floats, the same d at
  // every call. The result is valid until the next call and may be `gradient` itself.
  virtual std::span<const float> vote_vector(std::span<const float> gradient) = 0;

  // vote_vector and the packed signs of v, coins where v is zero, in one pass over memory. `signs`:
  // W words. False, and nothing has happened: this rule cannot.
  virtual bool pack_signs(std::span<const float> gradient, kernels::CoinAddress coins,
                          std::uint32_t* signs) {
    static_cast<void>(gradient);
    static_cast<void>(coins);
    static_cast<void>(signs);
    return false;
  }

  // What it remembers; vectors are empty before the first vote.
  virtual RuleSlots slots() { return {}; }
};

struct WorkerRuleInfo {
  RuleHead head;
  std::unique_ptr<WorkerRule> (*make)(std::span<const double> values);
};
using WorkerChoice = Chosen<WorkerRuleInfo>;

// The only list of worker rules.
const Family<WorkerRuleInfo>& worker_rules();
Result<WorkerChoice> parse_worker_rule(std::string_view text);  // "signsgd", "signum:0.9"

}  // namespace psephos
