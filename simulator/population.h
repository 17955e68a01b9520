#pragma once
// The simulated clients: who holds what, who lies.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/gradient/model_pool.h"
#include "client/session/session.h"
#include "client/work/shared_replicas.h"
#include "client/work/worker.h"
#include "runtime/base/result.h"
#include "runtime/base/units.h"
#include "runtime/data/dataset.h"
#include "runtime/data/partition.h"
#include "simulator/attacks.h"

namespace psephos::simulator {

// The clients of a world, each made when it joins, and again when it starts anew after a crash.
struct Crowd {
  std::size_t size = 0;
  std::function<client::SessionOptions(std::size_t client)> session;
  // Those that agree share their replicas through `shared`.
  std::function<std::unique_ptr<client::Worker>(std::size_t client, client::SharedReplicas& shared)>
      worker;
  std::function<Duration(std::size_t client)> joins_at;  // null: all at once
};

struct PopulationOptions {
  std::uint32_t clients = 10;
  PartitionRule partition = partition_rules().first();
  std::uint32_t byzantine = 0;  // the first of the clients
  Attack attack = attacks().first();
  std::uint32_t seed = 1;  // the run's
};

class Population {
 public:
  static Result<Population> make(const PopulationOptions& options, const DatasetRef& dataset);

  std::uint32_t size() const { return options_.clients; }
  // Of the partition: what all clients say they hold a part of.
  std::uint64_t manifest() const { return manifest_; }

  // Client i, named client-<i+1>, with key (seed, i): psephos-client --part <i+1>/<clients> --seed
  // <seed> is the same.
  client::SessionOptions session(std::uint32_t i) const;
  // `shared`: where clients of one process share replicas, or null.
  std::unique_ptr<client::Worker> worker(std::uint32_t i, client::SharedReplicas* shared) const;

  // All of them, at once. Must not outlive this.
  Crowd crowd() const;

 private:
  Population(const PopulationOptions& options, const DatasetRef& dataset, Partition partition);

  PopulationOptions options_;
  std::shared_ptr<client::ModelPools> models_;
  std::shared_ptr<const Partition> partition_;
  std::uint64_t manifest_;
};

}  // namespace psephos::simulator
