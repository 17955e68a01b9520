#pragma once
// A client's replica: drawn, moved by decisions, or loaded from a checkpoint. On a device it is
// changed in place; where clients share theirs, every change makes a new one (copy on write), and
// is made once.
//
// Not thread-safe; those that share may be used on different threads.

#include <cstdint>
#include <span>

#include "client/session/session.h"
#include "client/work/shared_replicas.h"

namespace psephos::client {

class HeldReplica {
 public:
  // `shared`: null on a device; must outlive this.
  explicit HeldReplica(SharedReplicas* shared) : shared_(shared) {}

  // Empty until something is held.
  std::span<const float> parameters() const;
  std::uint64_t fingerprint() const { return state_->fingerprint; }

  // The decision that led here; null: none did, or nothing is held.
  const PackedSigns* last() const { return state_ && state_->last ? &*state_->last : nullptr; }

  // Becomes what a state holds. `tensors`: of the model.
  void restore(const RunState& state, const TensorTable& tensors);

  // The terms of its round, as they came with it. Something is held.
  const RoundTerms& terms() const { return state_->terms; }

  // Becomes x_0. `terms`: of round 0, where they are known.
  void draw(const TensorTable& tensors, std::uint32_t seed, const RoundTerms& terms);

  // The jobs of client/session/session.h.
  Applied apply(const ApplyDecisions& job);
  ChunkLoaded load(const LoadChunk& job);

 private:
  ReplicaState& changeable();

  SharedReplicas* shared_;
  TensorTable tensors_;
  ReplicaRef state_;
};

}  // namespace psephos::client
