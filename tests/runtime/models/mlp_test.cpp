// The one network there is, through the interface that programs see.
#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/models/model.h"
#include "tests/runtime/models/random_batch.h"

namespace psephos {
namespace {

std::unique_ptr<Model> make(const std::string& words, std::size_t features, std::size_t classes) {
  return std::move(make_model(words, features, classes)).value();
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

AlignedVector<float> gradient_of(Model& model, std::span<const float> x, const RandomBatch& batch) {
  AlignedVector<float> gradient(model.parameters());
  model.gradient(x, batch.inputs, batch.labels, gradient);
  return gradient;
}

// One fully connected layer in double, read off the tensor table: outputs x inputs weights, biases.
std::vector<double> layer_sums(const TensorTable& table, std::size_t layer,
                               std::span<const double> x, std::span<const double> inputs) {
  const TensorEntry& weights = table[2 * layer];
  const TensorEntry& biases = table[2 * layer + 1];
  std::vector<double> sums(biases.count);
  for (std::size_t out = 0; out < sums.size(); ++out) {
    sums[out] = x[biases.offset + out];
    for (std::size_t in = 0; in < inputs.size(); ++in) {
      sums[out] += x[weights.offset + out * inputs.size() + in] * inputs[in];
    }
  }
  return sums;
}

// The mean cross entropy, written down again without Eigen, floats or batching.
double reference_loss(const Model& model, std::span<const double> x, const RandomBatch& batch) {
  const std::size_t layers = model.tensors().size() / 2;
  double total = 0;
  for (std::size_t n = 0; n < batch.labels.size(); ++n) {
    const auto row = batch.inputs.begin() + static_cast<std::ptrdiff_t>(n * model.features());
    std::vector<double> values(row, row + static_cast<std::ptrdiff_t>(model.features()));
    for (std::size_t l = 0; l < layers; ++l) {
      values = layer_sums(model.tensors(), l, x, values);
      if (l + 1 == layers) continue;
      for (double& value : values) value = std::max(value, 0.0);
    }
    double sum = 0;
    for (const double logit : values) sum += std::exp(logit);
    total += std::log(sum) - values[batch.labels[n]];
  }
  return total / static_cast<double>(batch.labels.size());
}

class MlpGradient : public testing::TestWithParam<const char*> {};

TEST_P(MlpGradient, IsTheSlopeOfTheLoss) {
  const auto model = make(GetParam(), 6, 4);
  const AlignedVector<float> x = random_parameters(*model, 3);
  const RandomBatch batch = random_batch(*model, 9, 4);
  AlignedVector<float> gradient(model->parameters());
  const double loss = model->gradient(x, batch.inputs, batch.labels, gradient);

  std::vector<double> exact(x.begin(), x.end());
  EXPECT_NEAR(loss, reference_loss(*model, exact, batch), 1e-6);
  // Steps this small cross no ReLU's kink here, and double holds eleven digits of the difference.
  const double step = 1e-5;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double value = exact[i];
    exact[i] = value + step;
    const double above = reference_loss(*model, exact, batch);
    exact[i] = value - step;
    const double below = reference_loss(*model, exact, batch);
    exact[i] = value;
    EXPECT_NEAR(gradient[i], (above - below) / (2 * step), 1e-6) << "parameter " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, MlpGradient,
                         testing::Values("softmax", "mlp:5", "mlp:7,3", "mlp:1", "mlp:4,4,4,4"));

TEST(Mlp, GradientForgetsEarlierBatches) {
  for (const char* words : {"softmax", "mlp:37", "mlp:64,21"}) {
    const auto used = make(words, 50, 10);
    const AlignedVector<float> x = random_parameters(*used, 1);
    for (const std::size_t samples : {33u, 1u, 7u, 100u, 32u}) {
      const RandomBatch batch = random_batch(*used, samples, 2);
      const auto fresh = make(words, 50, 10);
      EXPECT_TRUE(same_bits(gradient_of(*used, x, batch), gradient_of(*fresh, x, batch)))
          << words << ", " << samples << " samples";
    }
  }
}

TEST(Mlp, GradientIsTheSameBesideAnotherThread) {
  const auto model = make("mlp:64", 200, 10);
  const AlignedVector<float> x = random_parameters(*model, 1);
  const RandomBatch batch = random_batch(*model, 32, 2);
  const AlignedVector<float> alone = gradient_of(*model, x, batch);
  std::vector<int> different(2);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < different.size(); ++t) {
    threads.emplace_back([&, t] {
      const auto own = make("mlp:64", 200, 10);
      for (int i = 0; i < 50; ++i) {
        if (!same_bits(gradient_of(*own, x, batch), alone)) ++different[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, std::vector<int>({0, 0}));
}

TEST(Mlp, GradientIgnoresTheCallersRoundingMode) {
  const auto model = make("mlp:16", 30, 10);
  const AlignedVector<float> x = random_parameters(*model, 1);
  const RandomBatch batch = random_batch(*model, 8, 2);
  const AlignedVector<float> expected = gradient_of(*model, x, batch);
  ASSERT_EQ(std::fesetround(FE_UPWARD), 0);
  const AlignedVector<float> upward = gradient_of(*model, x, batch);
  EXPECT_EQ(std::fegetround(), FE_UPWARD);
  std::fesetround(FE_TONEAREST);
  EXPECT_TRUE(same_bits(upward, expected));
}

TEST(Mlp, EvaluateAgreesWithTheReference) {
  const auto model = make("mlp:7,3", 6, 4);
  const AlignedVector<float> x = random_parameters(*model, 5);
  const RandomBatch batch = random_batch(*model, 100, 6);
  const LossAndHits result = model->evaluate(x, batch.inputs, batch.labels);
  const std::vector<double> exact(x.begin(), x.end());
  EXPECT_EQ(result.samples, 100u);
  EXPECT_NEAR(result.loss_sum, 100 * reference_loss(*model, exact, batch), 1e-4);
}

TEST(Mlp, EvaluateCountsTheLargestLogitAsAHit) {
  // Identity weights: the logits are the inputs.
  const auto model = make("softmax", 3, 3);
  AlignedVector<float> x(model->parameters());
  for (std::size_t i = 0; i < 3; ++i) x[i * 3 + i] = 1.0f;
  const AlignedVector<float> inputs{5, 1, 0, 0, 1, 5, 1, 5, 0, 1, 5, 0};
  const AlignedVector<std::uint8_t> labels{0, 2, 1, 0};
  EXPECT_EQ(model->evaluate(x, inputs, labels).hits, 3u);
}

TEST(Mlp, EvaluatesNoSamplesToNothing) {
  const auto model = make("mlp:5", 6, 4);
  const LossAndHits result = model->evaluate(random_parameters(*model, 5), {}, {});
  EXPECT_EQ(result.samples, 0u);
  EXPECT_EQ(result.hits, 0u);
  EXPECT_EQ(result.loss_sum, 0.0);
}

TEST(Mlp, StaysFiniteWithHugeLogits) {
  const auto model = make("softmax", 4, 3);
  AlignedVector<float> x = random_parameters(*model, 1);
  for (float& value : x) value *= 1e6f;
  const RandomBatch batch = random_batch(*model, 5, 2);
  AlignedVector<float> gradient(model->parameters());
  EXPECT_TRUE(std::isfinite(model->gradient(x, batch.inputs, batch.labels, gradient)));
  for (const float g : gradient) EXPECT_TRUE(std::isfinite(g));
}

TEST(Mlp, LetsNaNReachTheLoss) {
  const auto model = make("mlp:5", 4, 3);
  AlignedVector<float> x = random_parameters(*model, 1);
  x[0] = std::numeric_limits<float>::quiet_NaN();
  const RandomBatch batch = random_batch(*model, 5, 2);
  AlignedVector<float> gradient(model->parameters());
  EXPECT_TRUE(std::isnan(model->gradient(x, batch.inputs, batch.labels, gradient)));
}

TEST(MlpDeathTest, RefusesBuffersThatWouldChangeTheSums) {
  const auto model = make("softmax", 4, 3);
  const AlignedVector<float> x = random_parameters(*model, 1);
  AlignedVector<float> gradient(model->parameters());
  const AlignedVector<float> inputs(5);
  const AlignedVector<std::uint8_t> labels{0};
  const std::span<const float> skewed = std::span<const float>(inputs).subspan(1);
  EXPECT_DEATH(model->gradient(x, skewed, labels, gradient), "64-byte aligned");
  const AlignedVector<std::uint8_t> beyond{3};
  const std::span<const float> row = std::span<const float>(inputs).first(4);
  EXPECT_DEATH(model->gradient(x, row, beyond, gradient), "below the number of classes");
}

}  // namespace
}  // namespace psephos
