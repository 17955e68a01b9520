#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "runtime/base/interrupt.h"
#include "simulator/sweep.h"

namespace psephos::simulator {
namespace {

namespace fs = std::filesystem;

// 64 runs on 64 threads, each of which ends before the next is started, most likely.
[[noreturn]] void play_an_interrupted_sweep(const fs::path& directory) {
  SimulationOptions options;
  options.run.dataset = "synthetic";
  options.run.model = "softmax";
  SweepPlan plan;
  plan.grid = parse_grid("batch=32").value();
  plan.plans.push_back(make_plan(options).value());
  plan.seeds = plan.jobs = 64;
  auto folder = SweepFolder::open(directory, "batch=32\n", plan.grid);
  catch_interrupts(2);
  std::raise(SIGINT);
  const auto result = play_sweep(plan, load_dataset("synthetic").value(), folder.value(),
                                 [](const SweepProgress&) {});
  std::_Exit(result.value().interrupted && result.value().ranking.empty() ? 0 : 1);
}

TEST(SweepDeathTest, EndsThoughItsFirstThreadsAreDoneBeforeTheLastIsStarted) {
  const fs::path directory = fs::path(::testing::TempDir()) / "psephos-interrupted-sweep";
  fs::remove_all(directory);
  // In a process of its own, which may be interrupted for good.
  EXPECT_EXIT(play_an_interrupted_sweep(directory), ::testing::ExitedWithCode(0), "");
  fs::remove_all(directory);
}

}  // namespace
}  // namespace psephos::simulator
