#include "simulator/proving/prove.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace psephos::proving {

SeedResult play(const ProveOptions& options, std::uint32_t seed,
                const std::function<void(const std::string&)>& trace) {
  SeedResult result;
  result.seed = seed;
  try {
    World world(draw_plan(options.scenario, seed, options.sqlite), seed, options.parameters, trace);
    result.report = world.run();
  } catch (const Violation& violation) {
    result.violation = violation.what();
  }
  return result;
}

ProveTotals prove(const ProveOptions& options, const ProveReports& reports) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  Clock::time_point said = begin;
  ProveTotals totals;
  std::mutex mutex;
  std::atomic<std::uint64_t> next = options.first_seed;
  const auto work = [&] {
    while (true) {
      const std::uint64_t seed = next++;
      if (seed > options.last_seed) return;
      if (reports.interrupted()) {
        const std::lock_guard lock(mutex);
        totals.interrupted = true;
        return;
      }
      reports.starting(static_cast<std::uint32_t>(seed));
      const SeedResult result = play(options, static_cast<std::uint32_t>(seed), reports.trace);
      const std::lock_guard lock(mutex);
      ++totals.runs;
      totals.refused += result.report.refused ? 1 : 0;
      totals.rounds += result.report.rounds;
      totals.coordinator_starts += result.report.coordinator_starts;
      totals.client_starts += result.report.client_starts;
      totals.history ^= result.report.history;
      totals.simulated_s += std::chrono::duration<double>(result.report.simulated).count();
      if (!result.violation.empty()) {
        ++totals.violations;
        if (options.stop_at_first) next = std::uint64_t{options.last_seed} + 1;
        reports.violated(result);
      }
      const Clock::time_point now = Clock::now();
      totals.wall_s = std::chrono::duration<double>(now - begin).count();
      if (now - said > std::chrono::seconds(1)) {
        said = now;
        reports.progress(totals);
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < options.threads; ++i) threads.emplace_back(work);
    work();
  }
  return totals;
}

std::string replay_line(const ProveOptions& options, std::uint32_t seed) {
  return fmt::format("psephos-prove --scenario {} --seed {}{}{}", to_string(options.scenario), seed,
                     options.parameters == ProveOptions{}.parameters
                         ? ""
                         : fmt::format(" --parameters {}", options.parameters),
                     options.sqlite ? " --ledger sqlite" : "");
}

}  // namespace psephos::proving
