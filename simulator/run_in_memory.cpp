#include <utility>

#include "runtime/base/interrupt.h"
#include "runtime/models/model.h"
#include "simulator/memory_world.h"
#include "simulator/run.h"

namespace psephos::simulator {

Result<Summary> run_in_memory(SimulatedRun run, coordinator::Reporter& reporter) {
  std::vector<ClientSetup> clients;
  for (std::uint32_t i = 0; i < run.population->size(); ++i) {
    clients.push_back({run.population->session(i),
                       [population = run.population, i] { return population->worker(i); },
                       Duration{0}});
  }
  MemoryWorld::Reports reports;
  reports.round_finished = [&](const RoundRow& row) { reporter.round_finished(row); };
  reports.evaluation_known = [&](const EvaluationRow& row) { reporter.evaluation_known(row); };
  reports.note = [&](const std::string& text) { reporter.note(text); };
  reports.held_out = [held_out = run.held_out.get()](std::span<const float> x) {
    return held_out->evaluate(x);
  };
  reports.interrupted = [] { return interrupts() > 0; };
  MemoryWorld world(std::move(run.coordinator), std::move(clients), run.links, Faults{},
                    run.threads, std::move(reports));
  reporter.start();
  world.run();
  Summary summary = world.coordinator().summary();
  summary.program = "psephos-simulate";
  summary.arithmetic = arithmetic_set();
  summary.gradient_s = world.gradient_seconds();
  if (const auto written = reporter.finish(summary, world.coordinator()); !written) {
    return written.error();
  }
  return summary;
}

}  // namespace psephos::simulator
