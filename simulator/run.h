#pragma once
// One simulated run, over either transport.

#include <memory>

#include "coordinator/core/coordinator.h"
#include "coordinator/core/reporter.h"
#include "coordinator/core/setup.h"
#include "coordinator/evaluation/held_out.h"
#include "simulator/links.h"
#include "simulator/plan.h"
#include "simulator/population.h"

namespace psephos::simulator {

// Plays `plan` with these clients, and finishes `reporter`.
Result<Summary> run_simulation(const Plan& plan, const Population& population,
                               coordinator::PreparedRun prepared, coordinator::Reporter& reporter);

struct SimulatedRun {
  coordinator::CoordinatorOptions coordinator;
  const Population* population = nullptr;
  std::unique_ptr<coordinator::HeldOut> held_out;
  Links links;  // memory transport only
  unsigned threads = 1;
};

// The state machines on a virtual clock in this process. Fills in the run's summary and finishes
// `reporter`.
Result<Summary> run_in_memory(SimulatedRun run, coordinator::Reporter& reporter);

// The same clients as real ZeroMQ peers of a real coordinator on loopback.
Result<Summary> run_over_tcp(SimulatedRun run, coordinator::Reporter& reporter);

}  // namespace psephos::simulator
