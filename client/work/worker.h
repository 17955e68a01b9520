#pragma once
// The arithmetic of one client: replica, momentum and gradient source, asked to do one job at a
// time. The agent calls it from its arithmetic thread, the simulator from a pool; the session
// machine never waits for it.
//
// Not thread-safe: one job at a time, on any thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "client/ballot/voter.h"
#include "client/gradient/gradient_source.h"
#include "client/session/session.h"
#include "client/state/state_file.h"
#include "client/work/held_replica.h"
#include "client/work/scratch.h"

namespace psephos::client {

class Worker {
 public:
  // `key` is the client's own: batches and coins. In a simulation (run seed, client number).
  // `shared`: where the clients of one process share replicas; null: this one has its own. Must
  // outlive the worker.
  Worker(GradientFactory factory, PhiloxKey key, SharedReplicas* shared = nullptr);
  virtual ~Worker() = default;

  // Does the job in the promised floating-point environment and says how it ended. Never throws:
  // what the gradient source throws is a JobFailed.
  JobDone perform(const Job& job, Scratch& scratch);

  // Where the job SaveState brings states; without a keeper no session may ask for it
  // (SessionOptions::save_every). Must outlive the worker.
  void keep_state_in(StateKeeper& keeper) { keeper_ = &keeper; }

  // Everything that a client at `standing` would lose with its process. After Prepare, between
  // jobs. What brings it back is SessionOptions::restored of a new session, and a new worker with
  // the same key.
  ClientState snapshot(const Standing& standing);

  // Samples that go through the model for one ballot: what it costs. 0 before Prepare.
  std::uint64_t samples_per_ballot() const;

  // Empty before Prepare.
  std::span<const float> parameters() const { return replica_.parameters(); }

 protected:
  // What this client votes in `round`, given its honest ballot. The simulator's liars override it.
  virtual PackedSigns cast(PackedSigns honest, std::uint32_t round);

  PhiloxKey key() const { return key_; }

 private:
  JobDone run(const Prepare& job, Scratch& scratch);
  JobDone run(const ComputeBallot& job, Scratch& scratch);
  JobDone run(const ApplyDecisions& job, Scratch& scratch);
  JobDone run(const LoadChunk& job, Scratch& scratch);
  JobDone run(const Evaluate& job, Scratch& scratch);
  JobDone run(const SaveState& job, Scratch& scratch);

  Status restore_rules(const RunState& state);

  // The mean gradient over some samples, or what stands for one.
  struct LocalGradient {
    double loss = 0;
    std::uint64_t samples = 0;
  };
  LocalGradient local_gradient(std::uint32_t round, const RoundTerms& terms, Scratch& scratch);
  LocalGradient local_steps(std::uint32_t round, const RoundTerms& terms, Scratch& scratch);
  std::vector<float> scales_of(const RoundTerms& terms) const;

  GradientFactory factory_;
  PhiloxKey key_;
  StateKeeper* keeper_ = nullptr;
  TensorTable tensors_;
  Hyperparameters hyper_;
  std::uint32_t batch_ = 0;  // of the newest ballot
  std::unique_ptr<GradientSource> source_;
  std::optional<Voter> voter_;
  HeldReplica replica_;
};

}  // namespace psephos::client
