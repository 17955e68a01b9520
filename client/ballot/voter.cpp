#include "client/ballot/voter.h"

#include <cmath>
#include <utility>

#include "platforms/kernels/kernels.h"

namespace psephos::client {
namespace {

// The root of the mean square of v in each tensor, summed in double in the kernels' one order.
std::vector<float> rms_by_tensor(std::span<const float> v, const TensorTable& tensors) {
  std::vector<float> rms;
  rms.reserve(tensors.size());
  for (const TensorEntry& tensor : tensors) {
    const double squares = kernels::kernels().sum_squares(v.data() + tensor.offset, tensor.count);
    rms.push_back(static_cast<float>(std::sqrt(squares / tensor.count)));
  }
  return rms;
}

}  // namespace

Voter::Voter(const WorkerChoice& worker, const BallotChoice& ballot)
    : needs_(ballot.rule->needs),
      worker_(worker.rule->make(worker.values)),
      ballot_(ballot.rule->make(ballot.values)) {
  for (const RuleSlot& slot : worker_->slots()) {
    names_.push_back(std::string(worker.rule->head.word) + "." + std::string(slot.name));
  }
  for (const RuleSlot& slot : ballot_->slots()) {
    names_.push_back(std::string(ballot.rule->head.word) + "." + std::string(slot.name));
  }
}

Vote Voter::vote(std::span<const float> gradient, const BallotContext& context) {
  if (!needs_.scales) {
    if (auto both = ballot_->ballot_in_one_pass(*worker_, gradient, context)) {
      return {*std::move(both), {}};
    }
  }
  const std::span<const float> v = worker_->vote_vector(gradient);
  Vote vote;
  if (needs_.scales) vote.scales = rms_by_tensor(v, *context.tensors);
  vote.signs = ballot_->ballot(v, context);
  return vote;
}

void Voter::settle(bool counted) {
  if (needs_.settles) ballot_->settle(counted);
}

RuleSlots Voter::slots() {
  RuleSlots slots = worker_->slots();
  for (const RuleSlot& slot : ballot_->slots()) slots.push_back(slot);
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i].name = names_[i];
  return slots;
}

RuleState Voter::state() { return copy_state(slots()); }

Status Voter::restore(RuleState state, std::size_t parameters) {
  return restore_state(std::move(state), parameters, slots());
}

}  // namespace psephos::client
