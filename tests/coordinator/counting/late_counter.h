#pragma once
// A counter that answers when a test says so, and loses what it holds when a test says so.

#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include "coordinator/counting/cpu_counter.h"

namespace psephos::coordinator::testing {

class LateCounter : public VoteCounter {
 public:
  explicit LateCounter(CounterStart start) : inner_(std::move(start)) {}

  void count(const Contribution& contribution) override {
    if (!lost_) inner_.count(contribution);
  }
  void close(const CloseOrder& order) override {
    if (!lost_) order_ = order;
  }
  std::optional<CounterAnswer> take() override {
    if (answers_.empty()) return std::nullopt;
    CounterAnswer first = std::move(answers_.front());
    answers_.pop_front();
    if (std::holds_alternative<CounterLost>(first)) lost_ = false;
    return first;
  }
  void lose() override {
    inner_.lose();
    answers_.push_back(*inner_.take());
    order_.reset();
    lost_ = true;
  }
  std::span<const float> parameters() const override { return inner_.parameters(); }
  RuleState state() override { return inner_.state(); }

  // ---- what the test says

  bool closing() const { return order_.has_value(); }
  void answer() {
    inner_.close(*std::exchange(order_, std::nullopt));
    answers_.push_back(*inner_.take());
  }
  // The close in hand is lost; what a device would have answered is returned.
  CounterClosed give_up() {
    CpuCounter device = inner_;
    device.close(*order_);
    lose();
    return std::get<CounterClosed>(*device.take());
  }
  void answer_late(CounterClosed answer) { answers_.push_back(std::move(answer)); }

 private:
  CpuCounter inner_;
  std::optional<CloseOrder> order_;
  std::deque<CounterAnswer> answers_;
  bool lost_ = false;  // and not taken yet
};

}  // namespace psephos::coordinator::testing
