#include "coordinator/evaluation/held_out.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "platforms/kernels/environment.h"
#include "runtime/base/bytes.h"

namespace psephos::coordinator {
namespace {

constexpr std::size_t kBatch = 500;

}  // namespace

HeldOut::HeldOut(DatasetRef dataset, std::unique_ptr<Model> model, Normalisation normalisation)
    : dataset_(std::move(dataset)), model_(std::move(model)), normalisation_(normalisation) {}

EvaluationResult HeldOut::evaluate(std::span<const float> parameters) {
  const kernels::FloatEnvironment environment;
  const std::size_t n = dataset_->test.size();
  AlignedVector<float> inputs;
  std::vector<std::uint8_t> labels;
  std::vector<std::uint32_t> indices;
  LossAndHits total;
  for (std::size_t first = 0; first < n; first += kBatch) {
    indices.resize(std::min(kBatch, n - first));
    std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(first));
    inputs.resize(indices.size() * dataset_->features);
    labels.resize(indices.size());
    gather(dataset_->test, indices, normalisation_, inputs, labels);
    const LossAndHits some = model_->evaluate(parameters, inputs, labels);
    total.loss_sum += some.loss_sum;
    total.hits += some.hits;
    total.samples += some.samples;
  }
  const auto samples = static_cast<double>(total.samples);
  return {total.loss_sum / samples, static_cast<double>(total.hits) / samples, total.samples};
}

}  // namespace psephos::coordinator
