#pragma once
// Counts on the processor that the coordinator runs on: the shipping VoteCounter. Every close is
// answered when close() returns, and nothing is ever lost unless lose() asks for it.
//
// A plain value, not thread-safe.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "coordinator/counting/vote_counter.h"
#include "runtime/base/philox.h"
#include "runtime/replica/replica.h"
#include "runtime/run/run_config.h"
#include "runtime/vote/tally.h"

namespace psephos::coordinator {

class CpuCounter : public VoteCounter {
 public:
  explicit CpuCounter(CounterStart start);
  // With a rule of its own that remembers the same.
  CpuCounter(const CpuCounter& other);
  CpuCounter(CpuCounter&&) = default;

  void count(const Contribution& contribution) override;
  void close(const CloseOrder& order) override;
  std::optional<CounterAnswer> take() override;
  void lose() override;
  std::span<const float> parameters() const override { return replica_.parameters(); }
  RuleState state() override { return copy_state(rule_->slots()); }

  // What the votes counted so far decide; a rule that remembers takes it for a round.
  Decided decide(float delta, std::span<const float> scales);

 private:
  TensorTable tensors_;
  DecisionChoice choice_;
  std::unique_ptr<DecisionRule> rule_;
  Downlink downlink_;
  PhiloxKey run_key_;
  unsigned threads_;
  Replica replica_;
  std::uint32_t round_;
  Tally tally_;
  std::optional<CounterClosed> answer_;
  bool lost_ = false;  // and not taken yet
};

}  // namespace psephos::coordinator
