#include "client/gradient/dataset_gradient.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace psephos::client {
namespace {

constexpr std::size_t kEvaluationBatch = 256;
// A client's own evaluation is a spot check, not a second training pass.
constexpr std::size_t kEvaluationSamples = 2'000;

class DatasetGradient : public GradientSource {
 public:
  DatasetGradient(DatasetRef dataset, std::vector<std::uint32_t> part, std::unique_ptr<Model> model,
                  Normalisation normalisation)
      : dataset_(std::move(dataset)),
        part_(std::move(part)),
        model_(std::move(model)),
        normalisation_(normalisation) {}

  const TensorTable& tensors() const override { return model_->tensors(); }
  std::uint32_t samples() const override { return static_cast<std::uint32_t>(part_.size()); }

  double gradient(std::span<const float> parameters, std::span<const std::uint32_t> batch,
                  std::span<float> gradient) override {
    gather_batch(batch);
    return model_->gradient(parameters, inputs_, labels_, gradient);
  }

  LossAndHits evaluate(std::span<const float> parameters) override {
    const std::size_t n = std::min(part_.size(), kEvaluationSamples);
    LossAndHits total;
    std::vector<std::uint32_t> batch;
    for (std::size_t first = 0; first < n; first += kEvaluationBatch) {
      batch.clear();
      for (std::size_t i = first; i < std::min(n, first + kEvaluationBatch); ++i) {
        batch.push_back(static_cast<std::uint32_t>(i));
      }
      gather_batch(batch);
      const LossAndHits some = model_->evaluate(parameters, inputs_, labels_);
      total.loss_sum += some.loss_sum;
      total.hits += some.hits;
      total.samples += some.samples;
    }
    return total;
  }

 private:
  void gather_batch(std::span<const std::uint32_t> batch) {
    indices_.clear();
    for (const std::uint32_t i : batch) indices_.push_back(part_[i]);
    inputs_.resize(batch.size() * dataset_->features);
    labels_.resize(batch.size());
    gather(dataset_->train, indices_, normalisation_, inputs_, labels_);
  }

  DatasetRef dataset_;
  std::vector<std::uint32_t> part_;
  std::unique_ptr<Model> model_;
  Normalisation normalisation_;
  std::vector<std::uint32_t> indices_;
  AlignedVector<float> inputs_;
  std::vector<std::uint8_t> labels_;
};

}  // namespace

GradientFactory dataset_gradient(DatasetRef dataset, std::vector<std::uint32_t> part) {
  return [dataset = std::move(dataset), part = std::move(part)](
             const wire::Welcome& welcome) -> Result<std::unique_ptr<GradientSource>> {
    // The run knows how many classes there are: a device need not have seen all of them.
    const std::size_t classes = welcome.tensors.back().count;
    if (dataset->classes > classes) {
      return Error{fmt::format(
          "this client's data have {} classes, the run's model has {}: give this client the "
          "data set that the run is about",
          dataset->classes, classes)};
    }
    auto model = make_model(welcome.hyper.model, dataset->features, classes);
    if (!model) return model.error();
    if ((*model)->tensors() != welcome.tensors) {
      return Error{
          fmt::format("the coordinator's model has {} parameters, but {} with {} features and {} "
                      "classes makes {}: "
                      "give this client the data set that the run is about",
                      parameter_count(welcome.tensors), welcome.hyper.model, dataset->features,
                      classes, (*model)->parameters())};
    }
    return std::unique_ptr<GradientSource>(std::make_unique<DatasetGradient>(
        dataset, part, std::move(*model), welcome.hyper.normalisation));
  };
}

}  // namespace psephos::client
