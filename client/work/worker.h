#pragma once
// The arithmetic of one client: replica, momentum and gradient source, asked to do one job at a
// time. The agent calls it from its arithmetic thread, the simulator from a pool; the session
// machine never waits for it.
//
// Not thread-safe: one job at a time, on any thread.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "client/ballot/worker_rule.h"
#include "client/gradient/gradient_source.h"
#include "client/session/session.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/replica/replica.h"

namespace psephos::client {

class Worker {
 public:
  // `key` is the client's own: batches and coins. In a simulation (run seed, client number).
  Worker(GradientFactory factory, PhiloxKey key);
  virtual ~Worker() = default;

  // Does the job in the promised floating-point environment and says how it ended. Never throws:
  // what the gradient source throws is a JobFailed.
  JobDone perform(const Job& job);

  std::span<const float> parameters() const { return replica_.parameters(); }

 protected:
  // What this client votes in `round`. The simulator's liars override it.
  virtual PackedSigns vote(std::span<const float> v, std::uint32_t round);

  PhiloxKey key() const { return key_; }

 private:
  JobDone run(const Prepare& job);
  JobDone run(const ComputeBallot& job);
  JobDone run(const ApplyDecisions& job);
  JobDone run(const LoadChunk& job);
  JobDone run(const Evaluate& job);

  double local_gradient(std::uint32_t round);
  double local_steps(std::uint32_t round);

  GradientFactory factory_;
  PhiloxKey key_;
  Hyperparameters hyper_;
  std::unique_ptr<GradientSource> source_;
  std::optional<WorkerRule> rule_;
  Replica replica_;
  CheckpointLoader loader_;
  AlignedVector<float> gradient_;
  AlignedVector<float> local_;  // x_E of local steps
  std::vector<std::uint32_t> batch_;
  std::uint64_t samples_used_ = 0;  // by the gradient in hand
};

}  // namespace psephos::client
