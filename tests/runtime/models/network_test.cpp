// The networks, through the interface that programs see, against the same written down again in
// double without batches, registers or tricks (reference_network.h).
#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "runtime/models/model.h"
#include "tests/runtime/models/random_batch.h"
#include "tests/runtime/models/reference_network.h"

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

struct Case {
  const char* words;
  std::size_t features;
  std::size_t samples;
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.words << ", " << test.features; }

class Gradient : public ::testing::TestWithParam<Case> {};

TEST_P(Gradient, IsTheSlopeOfTheLoss) {
  const auto model = make(GetParam().words, GetParam().features, 4);
  const AlignedVector<float> x = random_parameters(*model, 3);
  const RandomBatch batch = random_batch(*model, GetParam().samples, 4);
  AlignedVector<float> gradient(model->parameters());
  const double loss = model->gradient(x, batch.inputs, batch.labels, gradient);

  std::vector<double> exact(x.begin(), x.end());
  EXPECT_NEAR(loss, reference_loss(*model, exact, batch.inputs, batch.labels), 1e-6);
  // Steps this small cross no kink here, and double holds eleven digits of the difference.
  const double step = 1e-5;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double value = exact[i];
    exact[i] = value + step;
    const double above = reference_loss(*model, exact, batch.inputs, batch.labels);
    exact[i] = value - step;
    const double below = reference_loss(*model, exact, batch.inputs, batch.labels);
    exact[i] = value;
    EXPECT_NEAR(gradient[i], (above - below) / (2 * step), 1e-6) << "parameter " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Gradient,
                         ::testing::Values(Case{"softmax", 6, 9}, Case{"mlp:5", 6, 9},
                                           Case{"mlp:7,3", 6, 9}, Case{"mlp:1", 6, 9},
                                           Case{"mlp:4,4,4,4", 6, 9}, Case{"mlp:17", 35, 5},
                                           Case{"cnn:2,3,4", 16 * 16, 3},
                                           Case{"cnn:1,1,1", 17 * 17, 3},
                                           Case{"cnn:3,2,5", 18 * 18, 2}));

TEST(Network, GradientForgetsEarlierBatches) {
  for (const char* words : {"softmax", "mlp:37", "mlp:64,21", "cnn:6,10,21"}) {
    const std::size_t features = std::string(words).starts_with("cnn") ? 20 * 20 : 50;
    const auto used = make(words, features, 10);
    const AlignedVector<float> x = random_parameters(*used, 1);
    for (const std::size_t samples : {33u, 1u, 7u, 100u, 32u}) {
      const RandomBatch batch = random_batch(*used, samples, 2);
      const auto fresh = make(words, features, 10);
      EXPECT_TRUE(same_bits(gradient_of(*used, x, batch), gradient_of(*fresh, x, batch)))
          << words << ", " << samples << " samples";
    }
  }
}

TEST(Network, GradientIsTheSameBesideAnotherThread) {
  const auto model = make("cnn:8,8,16", 400, 10);
  const AlignedVector<float> x = random_parameters(*model, 1);
  const RandomBatch batch = random_batch(*model, 32, 2);
  const AlignedVector<float> alone = gradient_of(*model, x, batch);
  std::vector<int> different(2);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < different.size(); ++t) {
    threads.emplace_back([&, t] {
      const auto own = make("cnn:8,8,16", 400, 10);
      for (int i = 0; i < 50; ++i) {
        if (!same_bits(gradient_of(*own, x, batch), alone)) ++different[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, std::vector<int>({0, 0}));
}

TEST(Network, GradientIgnoresTheCallersRoundingMode) {
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

TEST(Network, EvaluateAgreesWithTheReference) {
  for (const char* words : {"mlp:7,3", "cnn:5,9,8"}) {
    const auto model = make(words, 17 * 17, 4);
    const AlignedVector<float> x = random_parameters(*model, 5);
    const RandomBatch batch = random_batch(*model, 150, 6);
    const LossAndHits result = model->evaluate(x, batch.inputs, batch.labels);
    const std::vector<double> exact(x.begin(), x.end());
    const double mean = reference_loss(*model, exact, batch.inputs, batch.labels);
    EXPECT_EQ(result.samples, 150u);
    EXPECT_NEAR(result.loss_sum / 150, mean, 1e-4 * mean) << words;
  }
}

TEST(Network, EvaluatesASampleAlikeWhateverIsBesideIt) {
  for (const char* words : {"softmax", "mlp:37", "cnn:6,10,21"}) {
    const auto model = make(words, 256, 10);
    const AlignedVector<float> x = random_parameters(*model, 5);
    const RandomBatch batch = random_batch(*model, 71, 6);
    double one_by_one = 0;
    for (std::size_t n = 0; n < 71; ++n) {
      const auto input = std::span<const float>(batch.inputs).subspan(n * 256, 256);
      one_by_one +=
          model->evaluate(x, input, std::span<const std::uint8_t>(batch.labels).subspan(n, 1))
              .loss_sum;
    }
    const double together = model->evaluate(x, batch.inputs, batch.labels).loss_sum;
    EXPECT_NEAR(one_by_one, together, 1e-12 * together) << words;
  }
}

TEST(Network, EvaluateCountsTheLargestLogitAsAHit) {
  // Identity weights: the logits are the inputs.
  const auto model = make("softmax", 3, 3);
  AlignedVector<float> x(model->parameters());
  for (std::size_t i = 0; i < 3; ++i) x[i * 3 + i] = 1.0f;
  const AlignedVector<float> inputs{5, 1, 0, 0, 1, 5, 1, 5, 0, 1, 5, 0};
  const AlignedVector<std::uint8_t> labels{0, 2, 1, 0};
  EXPECT_EQ(model->evaluate(x, inputs, labels).hits, 3u);
}

TEST(Network, EvaluatesNoSamplesToNothing) {
  const auto model = make("mlp:5", 6, 4);
  const LossAndHits result = model->evaluate(random_parameters(*model, 5), {}, {});
  EXPECT_EQ(result.samples, 0u);
  EXPECT_EQ(result.hits, 0u);
  EXPECT_EQ(result.loss_sum, 0.0);
}

TEST(Network, StaysFiniteWithHugeLogits) {
  const auto model = make("softmax", 4, 3);
  AlignedVector<float> x = random_parameters(*model, 1);
  for (float& value : x) value *= 1e6f;
  const RandomBatch batch = random_batch(*model, 5, 2);
  AlignedVector<float> gradient(model->parameters());
  EXPECT_TRUE(std::isfinite(model->gradient(x, batch.inputs, batch.labels, gradient)));
  for (const float g : gradient) EXPECT_TRUE(std::isfinite(g));
}

TEST(Network, LetsNaNReachTheLoss) {
  for (const char* words : {"mlp:5", "cnn:2,3,4"}) {
    const auto model = make(words, 256, 3);
    for (const std::size_t position : {std::size_t{0}, model->parameters() - 1}) {
      AlignedVector<float> x = random_parameters(*model, 1);
      x[position] = std::numeric_limits<float>::quiet_NaN();
      const RandomBatch batch = random_batch(*model, 5, 2);
      AlignedVector<float> gradient(model->parameters());
      EXPECT_TRUE(std::isnan(model->gradient(x, batch.inputs, batch.labels, gradient))) << words;
    }
  }
}

TEST(NetworkDeathTest, RefusesBuffersThatWouldChangeTheSums) {
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
