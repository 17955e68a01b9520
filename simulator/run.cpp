#include "simulator/run.h"

#include <fmt/format.h>

#include <utility>

#include "platforms/kernels/kernels.h"

namespace psephos::simulator {

Result<Summary> run_simulation(const Plan& plan, const Population& population,
                               coordinator::PreparedRun prepared, coordinator::Reporter& reporter) {
  const Hyperparameters& hyper = plan.config.hyper;
  // Numbers of a simulated run come from its seed, so that a replay is the same to the byte.
  const auto numbers = philox({hyper.seed, kRunStream}, 0, Purpose::kIdentifier, 0);
  SimulatedRun run;
  run.coordinator = {plan.config,
                     prepared.tensors,
                     (std::uint64_t{numbers[0]} << 32 | numbers[1]) | 1,
                     (std::uint64_t{numbers[2]} << 32 | numbers[3]) | 1,
                     population.manifest(),
                     true,
                     plan.threads,
                     std::move(prepared.x_0)};
  run.population = &population;
  run.held_out = std::move(prepared.held_out);
  run.links = plan.links;
  run.threads = plan.threads;
  reporter.note(fmt::format("{} clients, {} with {} parameters, {} rounds, seed {}, kernels {}",
                            population.size(), hyper.model, parameter_count(prepared.tensors),
                            hyper.rounds, hyper.seed, kernels::kernels().name));
  return plan.tcp ? run_over_tcp(std::move(run), reporter)
                  : run_in_memory(std::move(run), reporter);
}

}  // namespace psephos::simulator
