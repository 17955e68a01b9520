#include "runtime/models/convolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "runtime/base/philox.h"
#include "tests/runtime/models/random_batch.h"

namespace psephos {
namespace {

struct Shape {
  std::size_t side, channels, filters;
  std::size_t window() const { return 25 * channels; }
  std::size_t pooled() const { return (side - 4) / 2; }
  std::size_t inputs() const { return side * side * channels; }
  std::size_t outputs() const { return pooled() * pooled() * filters; }
  std::size_t parameters() const { return filters * (window() + 1); }
  // Where in the image entry i of the window at (x, y) is.
  std::size_t pixel(std::size_t x, std::size_t y, std::size_t i) const {
    const std::size_t row = i / (5 * channels);
    return ((y + row) * side + x) * channels + i % (5 * channels);
  }
};

// Forward and backward in double, one window at a time.
struct Naive {
  std::vector<double> values, gradient, input_errors;

  Naive(const Shape& shape, const AlignedVector<float>& parameters,
        const AlignedVector<float>& image, const AlignedVector<float>& errors)
      : values(shape.outputs()), gradient(shape.parameters()), input_errors(shape.inputs()) {
    for (std::size_t y = 0; y < shape.pooled(); ++y) {
      for (std::size_t x = 0; x < shape.pooled(); ++x) {
        for (std::size_t f = 0; f < shape.filters; ++f) {
          pool(shape, parameters, image, x, y, f,
               static_cast<double>(errors[(y * shape.pooled() + x) * shape.filters + f]));
        }
      }
    }
  }

  void pool(const Shape& shape, const AlignedVector<float>& parameters,
            const AlignedVector<float>& image, std::size_t x, std::size_t y, std::size_t f,
            double error) {
    double largest = 0;
    std::size_t chosen = 4;
    for (std::size_t at = 0; at < 4; ++at) {
      double sum = parameters[shape.filters * shape.window() + f];
      for (std::size_t i = 0; i < shape.window(); ++i) {
        sum += static_cast<double>(parameters[f * shape.window() + i]) *
               static_cast<double>(image[shape.pixel(2 * x + at % 2, 2 * y + at / 2, i)]);
      }
      if (sum <= largest) continue;
      largest = sum;
      chosen = at;
    }
    values[(y * shape.pooled() + x) * shape.filters + f] = largest;
    if (chosen == 4) return;
    gradient[shape.filters * shape.window() + f] += error;
    for (std::size_t i = 0; i < shape.window(); ++i) {
      const std::size_t pixel = shape.pixel(2 * x + chosen % 2, 2 * y + chosen / 2, i);
      gradient[f * shape.window() + i] += error * static_cast<double>(image[pixel]);
      input_errors[pixel] += error * static_cast<double>(parameters[f * shape.window() + i]);
    }
  }
};

void expect_near(const AlignedVector<float>& values, std::span<const double> expected,
                 double tolerance, const char* what) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_NEAR(values[i], expected[i], tolerance) << what << " " << i;
  }
}

void expect_as_naive(const Shape& shape, std::uint32_t seed) {
  SCOPED_TRACE(::testing::Message() << shape.side << " x " << shape.side << " x " << shape.channels
                                    << ", " << shape.filters << " filters, seed " << seed);
  // Parameters of another layer before ours.
  constexpr std::size_t kBefore = 3;
  const AlignedVector<float> parameters = random_floats(shape.parameters(), seed);
  AlignedVector<float> all(kBefore, 7.0f);
  all.insert(all.end(), parameters.begin(), parameters.end());
  const AlignedVector<float> image = random_floats(shape.inputs(), seed + 1);
  const AlignedVector<float> errors = random_floats(shape.outputs(), seed + 2);
  const Naive naive(shape, parameters, image, errors);

  ConvolutionStage stage(shape.side, shape.channels, shape.filters, kBefore);
  ASSERT_EQ(stage.inputs(), shape.inputs());
  ASSERT_EQ(stage.outputs(), shape.outputs());
  AlignedVector<float> values(shape.outputs()), choices(shape.outputs());
  stage.load(all.data());
  stage.forward(image.data(), values.data(), choices.data());
  expect_near(values, naive.values, 1e-4, "value");

  AlignedVector<float> gradient(all.size(), 7.0f), input_errors(shape.inputs(), 7.0f);
  stage.start_gradient();
  stage.add_gradient(image.data(), errors.data(), choices.data(), input_errors.data());
  stage.add_gradient(image.data(), errors.data(), choices.data(), nullptr);
  stage.write_gradient(gradient.data());
  expect_near(input_errors, naive.input_errors, 1e-4, "input error");
  std::vector<double> twice(kBefore, 7.0);
  for (const double g : naive.gradient) twice.push_back(2 * g);
  expect_near(gradient, twice, 1e-3, "gradient");
}

TEST(ConvolutionStage, IsTheNaiveConvolutionOnLeNetsShapes) {
  expect_as_naive({28, 1, 16}, 1);
  expect_as_naive({12, 16, 32}, 2);
}

TEST(ConvolutionStage, IsTheNaiveConvolutionOnRandomShapes) {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    const auto draw = [seed](std::uint32_t index, std::uint32_t least, std::uint32_t most) {
      const std::uint32_t word = philox_word({seed, 3}, 0, Purpose::kFault, index);
      return std::size_t{least + below(word, most - least + 1)};
    };
    expect_as_naive({draw(0, 6, 15), draw(1, 1, 9), draw(2, 1, 37)}, 100 + 3 * seed);
  }
}

TEST(ConvolutionStage, DropsAnOddRowAndColumn) {
  EXPECT_EQ(side_after_stage(28), 12u);
  EXPECT_EQ(side_after_stage(12), 4u);
  EXPECT_EQ(side_after_stage(7), 1u);
  EXPECT_EQ(side_after_stage(6), 1u);
  EXPECT_EQ(side_after_stage(5), 0u);
  EXPECT_EQ(side_after_stage(4), 0u);
  EXPECT_EQ(side_after_stage(0), 0u);
}

TEST(ConvolutionStage, KeepsNaNWhereverItIsInTheWindow) {
  const Shape shape{6, 1, 9};
  const AlignedVector<float> parameters = random_floats(shape.parameters(), 1);
  // Each corner pixel enters one of the four sums only.
  for (const std::size_t corner : {0u, 5u, 30u, 35u}) {
    AlignedVector<float> image = random_floats(shape.inputs(), 2);
    image[corner] = std::numeric_limits<float>::quiet_NaN();
    ConvolutionStage stage(shape.side, shape.channels, shape.filters, 0);
    stage.load(parameters.data());
    AlignedVector<float> values(shape.outputs()), choices(shape.outputs());
    stage.forward(image.data(), values.data(), choices.data());
    for (const float value : values) EXPECT_TRUE(std::isnan(value)) << corner;
  }
}

TEST(ConvolutionStage, GivesEqualSumsToTheFirst) {
  // No weights: all sums are equal, and the bias passes the ReLU.
  ConvolutionStage stage(6, 1, 1, 0);
  AlignedVector<float> parameters(26);
  parameters[25] = 1.0f;
  const AlignedVector<float> image = random_floats(36, 3);
  AlignedVector<float> value(1), choice(1);
  stage.load(parameters.data());
  stage.forward(image.data(), value.data(), choice.data());
  EXPECT_EQ(value[0], 1.0f);
  EXPECT_EQ(choice[0], 0.0f);
}

}  // namespace
}  // namespace psephos
