#include "client/work/shared_replicas.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace psephos::client {
namespace {

// Frames that are still being told: two of each of the newest decisions, and what those who catch
// up are sent.
constexpr std::size_t kTransitions = 64;

constexpr std::size_t kFirstSweep = 64;

// More than all decisions that a coordinator can still tell; then it is begun anew.
constexpr std::size_t kSteps = 4096;

std::uint64_t hash_of(const std::vector<float>& values) {
  return XXH3_64bits(values.data(), values.size() * sizeof(float));
}

std::uint64_t hash_of(const RoundTerms& terms) {
  const struct {
    std::uint64_t scales;
    float local_lr;
    std::uint32_t batch;
  } content = {hash_of(terms.scales), terms.local_lr, terms.batch};
  return XXH3_64bits(&content, sizeof content);
}

std::uint64_t hash_of(const wire::Decision& decision) {
  const struct {
    std::uint64_t planes;
    std::uint64_t steps;
    std::uint64_t terms;
    float delta;
    float keep;
    std::uint64_t encoding;
  } content = {XXH3_64bits(decision.planes.data(), decision.planes.size()),
               hash_of(decision.steps),
               hash_of(decision.next),
               decision.delta,
               decision.keep,
               static_cast<std::uint64_t>(decision.encoding)};
  return XXH3_64bits(&content, sizeof content);
}

bool same_bits(const Replica& a, const Replica& b) {
  return a.size() == b.size() && std::memcmp(a.parameters().data(), b.parameters().data(),
                                             a.parameters().size_bytes()) == 0;
}

std::uint64_t hash_of(const AlignedVector<std::uint32_t>& plane) {
  return XXH3_64bits(plane.data(), plane.size() * sizeof(std::uint32_t));
}

}  // namespace

void ReplicaState::decide(PackedSigns signs, const wire::Decision& decision,
                          const TensorTable& tensors) {
  const auto ranges = step_ranges(x.size(), decision.delta, decision.steps, tensors);
  fingerprint = x.apply(signs, ranges, decision.keep);
  last = std::move(signs);
  terms = decision.next;
  number_anew();
}

void ReplicaState::identify() {
  fingerprint = x.fingerprint();
  number_anew();
}

void ReplicaState::number_anew() {
  const std::uint64_t content[] = {fingerprint, last.has_value(), last ? hash_of(last->signs) : 0,
                                   last ? hash_of(last->voted) : 0, hash_of(terms)};
  number = XXH3_64bits(content, sizeof content);
}

SharedReplicas::Before SharedReplicas::number_of(const ReplicaState* state) {
  if (state == nullptr) return {};
  return {state->number, state->loader.has_value()};
}

ReplicaRef SharedReplicas::initial(const TensorTable& tensors, std::uint32_t seed,
                                   const RoundTerms& terms) {
  const std::lock_guard guard(mutex_);
  const bool known = initial_ && initial_->seed == seed && initial_->tensors == tensors;
  ReplicaRef x = known ? initial_->x.lock() : nullptr;
  return x && x->terms == terms ? x : nullptr;
}

void SharedReplicas::keep_initial(const TensorTable& tensors, std::uint32_t seed,
                                  const ReplicaRef& x) {
  const std::lock_guard guard(mutex_);
  initial_ = Initial{tensors, seed, x};
}

ReplicaRef SharedReplicas::after(const Frame& frame, const ReplicaState* before) {
  const Before number = number_of(before);
  const std::lock_guard guard(mutex_);
  const auto known = std::ranges::find_if(transitions_, [&](const Transition& transition) {
    return transition.frame == frame && transition.before == number;
  });
  return known == transitions_.end() ? nullptr : known->x.lock();
}

ReplicaRef SharedReplicas::after(std::span<const wire::Decision> decisions,
                                 const ReplicaState& before) {
  const std::lock_guard guard(mutex_);
  std::uint64_t number = before.number;
  for (const wire::Decision& decision : decisions) {
    const auto step = steps_.find({number, hash_of(decision)});
    if (step == steps_.end() || step->second.fingerprint != decision.fingerprint) return nullptr;
    number = step->second.number;
  }
  const auto held = held_.find(number);
  return held == held_.end() ? nullptr : held->second.lock();
}

void SharedReplicas::learn(const wire::Decision& decision, std::uint64_t before,
                           const ReplicaState& after) {
  const std::lock_guard guard(mutex_);
  if (steps_.size() >= kSteps) steps_.clear();
  steps_[{before, hash_of(decision)}] = {after.fingerprint, after.number};
}

ReplicaRef SharedReplicas::keep_after(const Frame& frame, const ReplicaState* before,
                                      ReplicaRef x) {
  const Before number = number_of(before);
  const std::lock_guard guard(mutex_);
  if (x->loader) {
    x->number = ++loads_;
  } else {
    Held& held = held_[x->number];
    if (auto known = held.lock();
        known && same_bits(known->x, x->x) && known->last == x->last && known->terms == x->terms) {
      x = std::move(known);
    } else {
      held = x;
    }
    if (held_.size() >= sweep_at_) {
      std::erase_if(held_, [](const auto& entry) { return entry.second.expired(); });
      sweep_at_ = std::max(kFirstSweep, 2 * held_.size());
    }
  }
  transitions_.push_front({frame, number, x});
  if (transitions_.size() > kTransitions) transitions_.pop_back();
  return x;
}

}  // namespace psephos::client
