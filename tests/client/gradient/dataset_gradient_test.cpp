#include "client/gradient/dataset_gradient.h"

#include <gtest/gtest.h>

#include <numeric>

#include "runtime/replica/initial_parameters.h"

namespace psephos::client {
namespace {

DatasetRef dataset() {
  static const DatasetRef one = *load_dataset("synthetic");
  return one;
}

wire::Welcome welcome_to(const std::string& model) {
  wire::Welcome welcome;
  welcome.hyper.model = model;
  welcome.tensors = (*make_model(model, dataset()->features, dataset()->classes))->tensors();
  return welcome;
}

GradientFactory gradient_over(const std::vector<std::uint32_t>& samples) {
  const std::vector<std::vector<std::uint32_t>> parts{samples};
  return dataset_gradient(std::make_shared<ModelPools>(dataset()),
                          {std::make_shared<const Partition>(Partition::listed(parts)), 0});
}

AlignedVector<float> initial(const TensorTable& tensors) {
  AlignedVector<float> x(parameter_count(tensors));
  fill_initial_parameters(tensors, 3, x);
  return x;
}

TEST(DatasetGradient, IsTheModelsGradientOverTheClientsOwnSamples) {
  const wire::Welcome welcome = welcome_to("softmax");
  const std::vector<std::uint32_t> part = {17, 3, 250, 41};
  auto source = gradient_over(part)(welcome);
  ASSERT_TRUE(source) << source.error().text;
  EXPECT_EQ((*source)->samples(), part.size());
  EXPECT_EQ((*source)->tensors(), welcome.tensors);

  const std::vector<std::uint32_t> batch = {3, 0, 0};
  const std::vector<std::uint32_t> samples = {41, 17, 17};
  AlignedVector<float> inputs(samples.size() * dataset()->features);
  std::vector<std::uint8_t> labels(samples.size());
  gather(dataset()->train, samples, welcome.hyper.normalisation, inputs, labels);
  const auto model = *make_model("softmax", dataset()->features, dataset()->classes);
  const AlignedVector<float> x = initial(welcome.tensors);
  AlignedVector<float> expected(x.size());
  const double expected_loss = model->gradient(x, inputs, labels, expected);

  AlignedVector<float> gradient(x.size());
  EXPECT_EQ((*source)->gradient(x, batch, gradient), expected_loss);
  EXPECT_EQ(gradient, expected);
}

TEST(DatasetGradient, EvaluatesTheClientsOwnSamplesUpToABound) {
  const wire::Welcome welcome = welcome_to("softmax");
  const AlignedVector<float> x = initial(welcome.tensors);
  std::vector<std::uint32_t> part(300);
  std::iota(part.begin(), part.end(), 5);
  const LossAndHits some = (*gradient_over(part)(welcome))->evaluate(x);
  EXPECT_EQ(some.samples, 300u);
  EXPECT_LE(some.hits, 300u);
  EXPECT_GT(some.loss_sum, 0);
  part.assign(10'000, 7);
  EXPECT_EQ((*gradient_over(part)(welcome))->evaluate(x).samples, 2'000u);
  EXPECT_EQ((*gradient_over({})(welcome))->evaluate(x).samples, 0u);
}

TEST(DatasetGradient, RefusesAModelThatOnlyItsUsersProgramsCompute) {
  wire::Welcome welcome = welcome_to("softmax");
  welcome.hyper.model = kExternalModel;
  const auto source = gradient_over({1, 2})(welcome);
  ASSERT_FALSE(source);
  EXPECT_NE(source.error().text.find("client::GradientSource"), std::string::npos);
}

TEST(DatasetGradient, RefusesARunThatDoesNotFitTheData) {
  const GradientFactory factory = gradient_over({0});
  wire::Welcome welcome = welcome_to("softmax");
  welcome.tensors[0].count += 10;
  const auto other_shape = factory(welcome);
  ASSERT_FALSE(other_shape);
  EXPECT_NE(other_shape.error().text.find("data set"), std::string::npos);
  welcome.hyper.model = "perceptron:9";
  EXPECT_FALSE(factory(welcome));
}

}  // namespace
}  // namespace psephos::client
