#include "coordinator/evaluation/held_out.h"

#include <gtest/gtest.h>

#include <numeric>

#include "runtime/data/synthetic.h"
#include "runtime/replica/initial_parameters.h"

namespace psephos::coordinator {
namespace {

TEST(HeldOut, IsTheMeanOverAllTestSamplesWhateverTheBatches) {
  const Normalisation normalisation{1.0F / 128, -1.0F};
  for (const std::size_t samples : {1, 499, 500, 501, 1000, 1234}) {
    const auto dataset = std::make_shared<const Dataset>(make_synthetic(20, samples));
    auto model = make_model("softmax", dataset->features, dataset->classes);
    ASSERT_TRUE(model.ok());
    AlignedVector<float> x((*model)->parameters());
    fill_initial_parameters((*model)->tensors(), 3, x);

    LossAndHits one_by_one;
    AlignedVector<float> input(dataset->features);
    std::vector<std::uint8_t> label(1);
    for (std::uint32_t i = 0; i < samples; ++i) {
      gather(dataset->test, std::span(&i, 1), normalisation, input, label);
      const LossAndHits one = (*model)->evaluate(x, input, label);
      one_by_one.loss_sum += one.loss_sum;
      one_by_one.hits += one.hits;
    }
    HeldOut held_out(dataset, std::move(*model), normalisation);
    const EvaluationResult result = held_out.evaluate(x);
    const auto n = static_cast<double>(samples);
    EXPECT_EQ(result.samples, samples);
    EXPECT_NEAR(result.loss, one_by_one.loss_sum / n, 1e-5);
    EXPECT_DOUBLE_EQ(result.accuracy, static_cast<double>(one_by_one.hits) / n);
    EXPECT_DOUBLE_EQ(held_out.evaluate(x).loss, result.loss);
  }
}

}  // namespace
}  // namespace psephos::coordinator
