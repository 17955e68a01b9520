#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "runtime/base/interrupt.h"
#include "runtime/models/model.h"
#include "simulator/memory_world.h"
#include "simulator/run.h"

namespace psephos::simulator {
namespace {

// Virtual time is free: without a bound, a run in which no round can close would go on for ever.
constexpr int kFruitlessDeadlines = 200;
constexpr Duration kLeastPatience = std::chrono::minutes(10);

}  // namespace

Result<Summary> run_in_memory(SimulatedRun run, coordinator::Reporter& reporter) {
  MemoryWorld::Reports reports;
  const Duration patience = std::max<Duration>(
      kLeastPatience,
      kFruitlessDeadlines * std::chrono::milliseconds(run.coordinator.config.deadline_ms));
  const MemoryWorld* world_so_far = nullptr;
  Instant last_round{0};
  bool fruitless = false;
  reports.round_finished = [&](const RoundRow& row) {
    last_round = world_so_far->now();
    reporter.round_finished(row);
  };
  reports.evaluation_known = [&](const EvaluationRow& row) { reporter.evaluation_known(row); };
  reports.note = [&](const std::string& text) { reporter.note(text); };
  reports.held_out = [held_out = run.held_out.get()](std::span<const float> x) {
    return held_out->evaluate(x);
  };
  reports.interrupted = [&] {
    fruitless = world_so_far->now() - last_round > patience;
    return fruitless || !world_so_far->failure().empty() || interrupts() > 0;
  };
  MemoryWorld world(std::move(run.coordinator), run.population->crowd(), run.links, Faults{},
                    run.threads, std::move(reports));
  world_so_far = &world;
  reporter.start();
  world.run();
  if (!world.failure().empty()) return Error{world.failure()};
  if (fruitless) {
    return Error{
        fmt::format("round {} could not close in {} of virtual time: too few ballots arrive "
                    "(see --drop, --latency, --compute, --slow, --min-voters and --deadline-ms)",
                    world.coordinator().session().round(),
                    format_duration(std::chrono::duration<double>(patience).count()))};
  }
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
