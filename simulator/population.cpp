#include "simulator/population.h"

#include <fmt/format.h>

#include <utility>

#include "client/gradient/dataset_gradient.h"
#include "platforms/kernels/kernels.h"
#include "runtime/models/model.h"

namespace psephos::simulator {

Result<Population> Population::make(const PopulationOptions& options, const DatasetRef& dataset) {
  if (options.byzantine > options.clients) {
    return Error{fmt::format("--byzantine {} is more than the {} clients there are (--clients)",
                             options.byzantine, options.clients)};
  }
  auto partition =
      make_partition(options.partition, {dataset->train.labels.data(), dataset->train.size()},
                     dataset->classes, options.clients, options.seed);
  if (!partition) return Error{"--clients and --partition: " + partition.error().text};
  return Population(options, dataset, std::move(*partition));
}

Population::Population(const PopulationOptions& options, const DatasetRef& dataset,
                       Partition partition)
    : options_(options),
      models_(std::make_shared<client::ModelPools>(dataset)),
      partition_(std::make_shared<const Partition>(std::move(partition))),
      manifest_(manifest_hash(*dataset, options_.partition, *partition_, options_.seed)) {}

client::SessionOptions Population::session(std::uint32_t i) const {
  client::SessionOptions session;
  session.name = fmt::format("client-{}", i + 1);
  session.max_parameters = kMaxParameters;
  session.samples = partition_->size(i);
  session.data_manifest = manifest_;
  session.arithmetic = fmt::format("{}/{}", arithmetic_set(), kernels::kernels().name);
  session.key = {options_.seed, i};
  return session;
}

std::unique_ptr<client::Worker> Population::worker(std::uint32_t i,
                                                   client::SharedReplicas* shared) const {
  const PhiloxKey key{options_.seed, i};
  client::GradientFactory factory = client::dataset_gradient(models_, {partition_, i});
  if (i < options_.byzantine) {
    return std::make_unique<ByzantineWorker>(std::move(factory), key, shared, options_.attack,
                                             options_.seed);
  }
  return std::make_unique<client::Worker>(std::move(factory), key, shared);
}

Crowd Population::crowd() const {
  return {size(), [this](std::size_t i) { return session(static_cast<std::uint32_t>(i)); },
          [this](std::size_t i, client::SharedReplicas& shared) {
            return worker(static_cast<std::uint32_t>(i), &shared);
          },
          nullptr};
}

}  // namespace psephos::simulator
