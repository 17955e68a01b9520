// Models and data together: plain SGD on the synthetic set.

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/philox.h"
#include "runtime/data/dataset.h"
#include "runtime/models/model.h"
#include "runtime/replica/initial_parameters.h"

namespace psephos {
namespace {

// Accuracy on the test set after `steps` of plain SGD.
double accuracy_after_sgd(const std::string& words, int steps, float rate) {
  constexpr std::uint32_t kBatch = 32;
  const DatasetRef data = load_dataset("synthetic").value();
  const auto model = std::move(make_model(words, data->features, data->classes)).value();
  AlignedVector<float> x(model->parameters());
  AlignedVector<float> gradient(model->parameters());
  fill_initial_parameters(model->tensors(), 1, x);

  AlignedVector<float> inputs(kBatch * data->features);
  std::vector<std::uint8_t> labels(kBatch);
  std::vector<std::uint32_t> indices(kBatch);
  for (int step = 0; step < steps; ++step) {
    for (std::uint32_t i = 0; i < kBatch; ++i) {
      const auto round = static_cast<std::uint32_t>(step);
      indices[i] = below(philox_word({1, 0}, round, Purpose::kBatch, i),
                         static_cast<std::uint32_t>(data->train.size()));
    }
    gather(data->train, indices, {}, inputs, labels);
    model->gradient(x, inputs, labels, gradient);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= rate * gradient[i];
  }

  indices.resize(data->test.size());
  std::iota(indices.begin(), indices.end(), 0u);
  inputs.resize(indices.size() * data->features);
  labels.resize(indices.size());
  gather(data->test, indices, {}, inputs, labels);
  const LossAndHits result = model->evaluate(x, inputs, labels);
  return static_cast<double>(result.hits) / static_cast<double>(result.samples);
}

TEST(Training, SoftmaxLearnsTheSyntheticSetButNotTrivially) {
  const double accuracy = accuracy_after_sgd("softmax", 600, 0.5f);
  EXPECT_GT(accuracy, 0.9);
  EXPECT_LT(accuracy, 0.99);
}

TEST(Training, MlpLearnsTheSyntheticSet) {
  EXPECT_GT(accuracy_after_sgd("mlp:32", 600, 0.3f), 0.9);
}

}  // namespace
}  // namespace psephos
