#include "client/work/shared_replicas.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace psephos::client {
namespace {

// Frames that are still being told: two of each of the newest decisions, and what those who catch
// up are sent.
constexpr std::size_t kTransitions = 64;

bool same_bits(const Replica& a, const Replica& b) {
  return a.size() == b.size() && std::memcmp(a.parameters().data(), b.parameters().data(),
                                             a.parameters().size_bytes()) == 0;
}

}  // namespace

std::optional<SharedReplica> SharedReplicas::lock(const Held& held, std::uint64_t fingerprint) {
  if (auto x = held.lock()) return SharedReplica{std::move(x), fingerprint};
  return std::nullopt;
}

std::optional<SharedReplica> SharedReplicas::initial(const TensorTable& tensors,
                                                     std::uint32_t seed) {
  const std::lock_guard guard(mutex_);
  if (!initial_ || initial_->seed != seed || initial_->tensors != tensors) return std::nullopt;
  return lock(initial_->x, initial_->fingerprint);
}

void SharedReplicas::keep_initial(const TensorTable& tensors, std::uint32_t seed,
                                  const SharedReplica& x) {
  const std::lock_guard guard(mutex_);
  initial_ = Initial{tensors, seed, x.fingerprint, x.x};
}

std::optional<SharedReplica> SharedReplicas::after(const Frame& frame, std::uint64_t before) {
  const std::lock_guard guard(mutex_);
  const auto known = std::ranges::find_if(transitions_, [&](const Transition& transition) {
    return transition.frame == frame && transition.before == before;
  });
  if (known == transitions_.end()) return std::nullopt;
  return lock(known->x, known->fingerprint);
}

void SharedReplicas::keep_after(const Frame& frame, std::uint64_t before, const SharedReplica& x) {
  const std::lock_guard guard(mutex_);
  transitions_.push_front({frame, before, x.fingerprint, x.x});
  if (transitions_.size() > kTransitions) transitions_.pop_back();
}

SharedReplica SharedReplicas::intern(SharedReplica x) {
  const std::lock_guard guard(mutex_);
  Held& held = held_[x.fingerprint];
  if (auto known = held.lock(); known && same_bits(*known, *x.x)) {
    x.x = std::move(known);
  } else {
    held = x.x;
  }
  if (held_.size() >= sweep_at_) {
    std::erase_if(held_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * held_.size());
  }
  return x;
}

}  // namespace psephos::client
