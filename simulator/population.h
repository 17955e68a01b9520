#pragma once
// The simulated clients: who holds what, who lies.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client/session/session.h"
#include "client/work/worker.h"
#include "runtime/base/result.h"
#include "runtime/data/dataset.h"
#include "runtime/data/partition.h"
#include "simulator/attacks.h"

namespace psephos::simulator {

struct PopulationOptions {
  std::uint32_t clients = 10;
  PartitionRule partition;
  std::uint32_t byzantine = 0;  // the first of the clients
  Attack attack = Attack::kInvert;
  std::uint32_t seed = 1;  // the run's
};

class Population {
 public:
  static Result<Population> make(const PopulationOptions& options, DatasetRef dataset);

  std::uint32_t size() const { return options_.clients; }
  const Manifest& manifest() const { return manifest_; }

  // Client i, named client-<i+1>, with key (seed, i): psephos-client --part <i+1>/<clients> --seed
  // <seed> is the same.
  client::SessionOptions session(std::uint32_t i) const;
  std::unique_ptr<client::Worker> worker(std::uint32_t i) const;

 private:
  Population(const PopulationOptions& options, DatasetRef dataset, Partition partition);

  PopulationOptions options_;
  DatasetRef dataset_;
  Partition partition_;
  Manifest manifest_;
};

}  // namespace psephos::simulator
