#include "coordinator/counting/cpu_counter.h"

#include <memory>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/overloaded.h"
#include "runtime/vote/net_counts.h"

namespace psephos::coordinator {

CpuCounter::CpuCounter(CounterStart start)
    : tensors_(std::move(start.tensors)),
      choice_(start.config.decision),
      rule_(std::move(start.rule)),
      downlink_(start.config.downlink),
      run_key_{start.config.hyper.seed, kRunStream},
      threads_(start.threads),
      replica_(std::move(start.x)),
      round_(start.round),
      tally_(replica_.size(), threads_) {
  if (!rule_) rule_ = choice_.rule->make(choice_.values);
}

CpuCounter::CpuCounter(const CpuCounter& other)
    : tensors_(other.tensors_),
      choice_(other.choice_),
      rule_(choice_.rule->make(choice_.values)),
      downlink_(other.downlink_),
      run_key_(other.run_key_),
      threads_(other.threads_),
      replica_(other.replica_),
      round_(other.round_),
      tally_(other.tally_),
      answer_(other.answer_),
      lost_(other.lost_) {
  const Status same =
      restore_state(copy_state(other.rule_->slots()), replica_.size(), rule_->slots());
  PSEPHOS_CHECK(same.ok(), "a rule takes what it remembers");
}

void CpuCounter::count(const Contribution& contribution) {
  std::visit(Overloaded{
                 [&](const HeldSigns& signs) { tally_.add(signs.view, signs.keeper); },
                 [&](const std::shared_ptr<const Tally>& tally) { tally_.merge(*tally); },
             },
             contribution.votes);
}

Decided CpuCounter::decide(float delta, std::span<const float> scales) {
  Decided decided = rule_->decide(tally_, {&tensors_, delta, scales, threads_});
  if (downlink_ == Downlink::kBinary) break_ties(decided.signs, run_key_, round_);
  return decided;
}

void CpuCounter::close(const CloseOrder& order) {
  PSEPHOS_CHECK(order.round == round_ && !answer_, "a close of another round than the open one");
  if (lost_) return;  // which answers it
  CounterClosed closed;
  closed.number = order.number;
  closed.round = round_;
  closed.voters = tally_.voters();
  if (order.counts) closed.counts = std::make_shared<const Bytes>(NetCounts(tally_).serialise());
  Decided decided = decide(order.delta, order.scales);
  closed.decision = std::move(decided.signs);
  closed.steps = std::move(decided.steps);
  const auto ranges = step_ranges(replica_.size(), order.delta, closed.steps, tensors_);
  closed.fingerprint = replica_.apply(closed.decision, ranges, order.keep, threads_);
  tally_.clear();
  ++round_;
  answer_ = std::move(closed);
}

std::optional<CounterAnswer> CpuCounter::take() {
  if (std::exchange(lost_, false)) {
    tally_.clear();
    return CounterLost{round_};
  }
  if (!answer_) return std::nullopt;
  return *std::exchange(answer_, std::nullopt);
}

void CpuCounter::lose() { lost_ = !answer_; }

}  // namespace psephos::coordinator
