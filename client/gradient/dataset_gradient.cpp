#include "client/gradient/dataset_gradient.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace psephos::client {
namespace {

constexpr std::uint32_t kEvaluationBatch = 256;
// A client's own evaluation is a spot check, not a second training pass.
constexpr std::uint32_t kEvaluationSamples = 2'000;

class DatasetGradient : public GradientSource {
 public:
  DatasetGradient(std::shared_ptr<ModelPool> models, PartRef part, Normalisation normalisation)
      : models_(std::move(models)), part_(std::move(part)), normalisation_(normalisation) {}

  const TensorTable& tensors() const override { return models_->tensors(); }
  std::uint32_t samples() const override { return part_.size(); }

  double gradient(std::span<const float> parameters, std::span<const std::uint32_t> batch,
                  std::span<float> gradient) override {
    const ModelPool::Loan loan = models_->borrow();
    Bench& bench = *loan;
    bench.indices.clear();
    for (const std::uint32_t i : batch) bench.indices.push_back(part_.sample(i));
    gather_into(bench);
    return bench.model->gradient(parameters, bench.inputs, bench.labels, gradient);
  }

  LossAndHits evaluate(std::span<const float> parameters) override {
    const ModelPool::Loan loan = models_->borrow();
    Bench& bench = *loan;
    const std::uint32_t n = std::min(part_.size(), kEvaluationSamples);
    LossAndHits total;
    for (std::uint32_t first = 0; first < n; first += kEvaluationBatch) {
      bench.indices.clear();
      const std::uint32_t end = std::min(n, first + kEvaluationBatch);
      for (std::uint32_t i = first; i < end; ++i) bench.indices.push_back(part_.sample(i));
      gather_into(bench);
      const LossAndHits some = bench.model->evaluate(parameters, bench.inputs, bench.labels);
      total.loss_sum += some.loss_sum;
      total.hits += some.hits;
      total.samples += some.samples;
    }
    return total;
  }

 private:
  void gather_into(Bench& bench) const {
    const Dataset& dataset = models_->dataset();
    bench.inputs.resize(bench.indices.size() * dataset.features);
    bench.labels.resize(bench.indices.size());
    gather(dataset.train, bench.indices, normalisation_, bench.inputs, bench.labels);
  }

  std::shared_ptr<ModelPool> models_;
  PartRef part_;
  Normalisation normalisation_;
};

}  // namespace

GradientFactory dataset_gradient(std::shared_ptr<ModelPools> models, PartRef part) {
  return [models = std::move(models), part = std::move(part)](
             const wire::Welcome& welcome) -> Result<std::unique_ptr<GradientSource>> {
    if (welcome.hyper.model == kExternalModel) {
      return Error{
          "this run's model is the user's own (external), which this program cannot compute: its "
          "clients are programs that implement client::GradientSource "
          "(client/gradient/gradient_source.h)"};
    }
    const Dataset& dataset = models->dataset();
    // The run knows how many classes there are: a device need not have seen all of them.
    const std::size_t classes = welcome.tensors.back().count;
    if (dataset.classes > classes) {
      return Error{fmt::format(
          "this client's data have {} classes, the run's model has {}: give this client the "
          "data set that the run is about",
          dataset.classes, classes)};
    }
    const auto pool = models->pool(welcome.hyper.model, classes);
    if (!pool) return pool.error();
    if ((*pool)->tensors() != welcome.tensors) {
      return Error{
          fmt::format("the coordinator's model has {} parameters, but {} with {} features and {} "
                      "classes makes {}: "
                      "give this client the data set that the run is about",
                      parameter_count(welcome.tensors), welcome.hyper.model, dataset.features,
                      classes, parameter_count((*pool)->tensors()))};
    }
    return std::unique_ptr<GradientSource>(
        std::make_unique<DatasetGradient>(*pool, part, welcome.hyper.normalisation));
  };
}

}  // namespace psephos::client
