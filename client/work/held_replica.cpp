#include "client/work/held_replica.h"

#include <algorithm>
#include <utility>

#include "runtime/replica/initial_parameters.h"
#include "runtime/signs/decision_codec.h"

namespace psephos::client {

std::span<const float> HeldReplica::parameters() const {
  return state_ ? state_->x.parameters() : std::span<const float>();
}

// The state, or a copy of it where others may hold it, too.
ReplicaState& HeldReplica::changeable() {
  if (shared_) state_ = std::make_shared<ReplicaState>(*state_);
  return *state_;
}

// Where replicas are shared, the next decision finds the others' by what this one is.
void HeldReplica::restore(const RunState& state, const TensorTable& tensors) {
  tensors_ = tensors;
  state_ = std::make_shared<ReplicaState>();
  state_->x = Replica(state.x.size());
  std::ranges::copy(state.x, state_->x.mutable_parameters().begin());
  state_->last = state.last;
  state_->terms = state.terms;
  state_->identify();
}

void HeldReplica::draw(const TensorTable& tensors, std::uint32_t seed, const RoundTerms& terms) {
  tensors_ = tensors;
  if (shared_) state_ = shared_->initial(tensors, seed, terms);
  if (shared_ && state_) return;
  state_ = std::make_shared<ReplicaState>();
  state_->x = Replica(parameter_count(tensors));
  fill_initial_parameters(tensors, seed, state_->x.mutable_parameters());
  state_->terms = terms;
  state_->identify();
  if (shared_) shared_->keep_initial(tensors, seed, state_);
}

Applied HeldReplica::apply(const ApplyDecisions& job) {
  const std::uint32_t end = job.decisions.back().round + 1;
  const ReplicaRef before = state_;
  if (auto known = shared_ ? shared_->after(job.frame, before.get()) : nullptr) {
    state_ = std::move(known);
    return {end, state_->fingerprint, true};
  }
  if (auto known = shared_ ? shared_->after(job.decisions, *before) : nullptr) {
    state_ = shared_->keep_after(job.frame, before.get(), std::move(known));
    return {end, state_->fingerprint, true};
  }
  ReplicaState& state = changeable();
  for (const wire::Decision& decision : job.decisions) {
    const std::uint32_t round = decision.round + 1;
    auto signs = decode_decision(decision.encoding, decision.planes, state.x.size(),
                                 state.last ? &*state.last : nullptr);
    if (!signs) return {round, state.fingerprint, false};
    // Numbers of another model cannot be applied: only a liar sends them.
    const auto fits = [&](const std::vector<float>& values) {
      return values.empty() || values.size() == tensors_.size();
    };
    if (!fits(decision.steps) || !fits(decision.next.scales)) {
      return {round, state.fingerprint, false};
    }
    const std::uint64_t number = state.number;
    state.decide(*std::move(signs), decision, tensors_);
    if (shared_) shared_->learn(decision, number, state);
    if (state.fingerprint != decision.fingerprint) return {round, state.fingerprint, false};
  }
  if (shared_) state_ = shared_->keep_after(job.frame, before.get(), std::move(state_));
  return {end, state_->fingerprint, true};
}

ChunkLoaded HeldReplica::load(const LoadChunk& job) {
  ChunkLoaded done;
  done.checkpoint = job.chunk.round;
  done.chunk = job.chunk.chunk;
  const auto finish = [&](const ReplicaState& state) {
    done.complete = !state.loader;
    done.fingerprint = done.complete ? state.fingerprint : 0;
    done.matched = done.complete;
    return done;
  };
  // A first chunk begins anew, whatever is held.
  const bool first = job.chunk.chunk == 0;
  const ReplicaRef before = first ? nullptr : state_;
  if (auto known = shared_ ? shared_->after(job.frame, before.get()) : nullptr) {
    state_ = std::move(known);
    return finish(*state_);
  }
  if (first && shared_) {
    const std::size_t parameters = state_->x.size();
    state_ = std::make_shared<ReplicaState>();
    state_->x = Replica(parameters);
  }
  ReplicaState& state = first ? *state_ : changeable();
  if (!state.loader) state.loader.emplace();
  const auto loaded = state.loader->load(job.chunk.bytes, job.chunk.chunk, job.chunk.chunks,
                                         wire::kChunkBytes, state.x.mutable_parameters());
  if (loaded && !*loaded) {
    if (shared_) state_ = shared_->keep_after(job.frame, before.get(), std::move(state_));
    return finish(*state_);
  }
  const bool right_round = loaded && state.loader->header().round == job.chunk.round;
  state.last = state.loader->last_decision();
  state.terms = state.loader->terms();
  state.loader.reset();
  state.identify();
  finish(state);
  done.matched = right_round && state.fingerprint == job.chunk.fingerprint;
  if (done.matched && shared_) {
    state_ = shared_->keep_after(job.frame, before.get(), std::move(state_));
  }
  return done;
}

}  // namespace psephos::client
