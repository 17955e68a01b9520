#pragma once
// A run in memory, for tests: by default a handful of clients and softmax on a few synthetic
// samples.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/core/setup.h"
#include "runtime/data/synthetic.h"
#include "runtime/replica/fingerprint.h"
#include "simulator/memory_world.h"
#include "simulator/population.h"

namespace psephos::simulator {

inline DatasetRef small_dataset() {
  static const DatasetRef dataset = std::make_shared<const Dataset>(make_synthetic(400, 100));
  return dataset;
}

inline RunConfig small_config(std::uint32_t seed, std::uint32_t clients, std::uint32_t rounds) {
  RunConfig config;
  config.hyper.model = "softmax";
  config.hyper.rounds = rounds;
  config.hyper.seed = seed;
  config.batch = 4;
  config.hyper.heartbeat_ms = 2000;
  config.lr = 0.01;
  config.min_voters = clients;
  config.min_clients = clients;
  config.deadline_ms = 300;
  config.eval_every = 0;
  return config;
}

// Everything that a world needs to stay alive beside it.
struct SmallWorld {
  SmallWorld(const RunConfig& config, std::uint32_t clients, Links links = {}, Faults faults = {},
             unsigned threads = 1, MemoryWorld::Reports reports = {}, std::uint32_t byzantine = 0,
             Attack attack = attacks().first(), DatasetRef dataset = small_dataset()) {
    PopulationOptions options;
    options.clients = clients;
    options.seed = config.hyper.seed;
    options.byzantine = byzantine;
    options.attack = attack;
    population = std::make_unique<Population>(*Population::make(options, dataset));
    auto prepared = *coordinator::prepare_run(config, dataset);
    held_out = std::move(prepared.held_out);
    reports.held_out = [this](std::span<const float> x) { return held_out->evaluate(x); };
    coordinator::CoordinatorOptions run{config, prepared.tensors,       77,
                                        78,     population->manifest(), true};
    world = std::make_unique<MemoryWorld>(std::move(run), population->crowd(), links, faults,
                                          threads, std::move(reports));
  }

  std::unique_ptr<Population> population;
  std::unique_ptr<coordinator::HeldOut> held_out;
  std::unique_ptr<MemoryWorld> world;
};

}  // namespace psephos::simulator
