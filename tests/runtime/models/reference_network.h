#pragma once
// The loss of every model, in double and in the plainest loops: what the tests call right.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/models/model.h"

namespace psephos {

// Weights (outputs x inputs) and biases of one layer, read off the tensor table.
struct ReferenceLayer {
  std::span<const double> weights;
  std::span<const double> biases;
  std::size_t inputs() const { return weights.size() / biases.size(); }
};

inline ReferenceLayer reference_layer(const TensorTable& table, std::size_t layer,
                                      std::span<const double> x) {
  const TensorEntry& weights = table[2 * layer];
  const TensorEntry& biases = table[2 * layer + 1];
  return {x.subspan(weights.offset, weights.count), x.subspan(biases.offset, biases.count)};
}

inline double reference_sum(const ReferenceLayer& layer, std::size_t output,
                            std::span<const double> inputs) {
  double sum = layer.biases[output];
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    sum += layer.weights[output * inputs.size() + i] * inputs[i];
  }
  return sum;
}

inline std::vector<double> reference_dense(const ReferenceLayer& layer,
                                           std::span<const double> inputs) {
  std::vector<double> sums;
  for (std::size_t out = 0; out < layer.biases.size(); ++out) {
    sums.push_back(reference_sum(layer, out, inputs));
  }
  return sums;
}

// The 5 x 5 window at (x, y) of a channel-last image.
inline std::vector<double> reference_window(std::span<const double> image, std::size_t side,
                                            std::size_t channels, std::size_t x, std::size_t y) {
  std::vector<double> window;
  for (std::size_t row = y; row < y + 5; ++row) {
    for (std::size_t column = x; column < x + 5; ++column) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        window.push_back(image[(row * side + column) * channels + channel]);
      }
    }
  }
  return window;
}

// Convolution, ReLU, the largest of every 2 x 2. `side` becomes the result's.
inline std::vector<double> reference_stage(const ReferenceLayer& layer,
                                           std::span<const double> image, std::size_t& side) {
  const std::size_t channels = layer.inputs() / 25;
  const std::size_t pooled = (side - 4) / 2;
  std::vector<double> values;
  for (std::size_t y = 0; y < pooled; ++y) {
    for (std::size_t x = 0; x < pooled; ++x) {
      for (std::size_t f = 0; f < layer.biases.size(); ++f) {
        double largest = 0;
        for (const std::size_t at : {0, 1, 2, 3}) {
          const auto window =
              reference_window(image, side, channels, 2 * x + at % 2, 2 * y + at / 2);
          largest = std::max(largest, reference_sum(layer, f, window));
        }
        values.push_back(largest);
      }
    }
  }
  side = pooled;
  return values;
}

// Of a network whose first layer has 25 inputs on more features: that is a CNN's.
inline std::size_t reference_stages(const Model& model) {
  const TensorTable& table = model.tensors();
  return table[0].count / table[1].count == 25 && model.features() != 25 ? 2 : 0;
}

inline std::vector<double> reference_logits(const Model& model, std::span<const double> x,
                                            std::span<const float> input) {
  std::vector<double> values(input.begin(), input.end());
  const std::size_t stages = reference_stages(model);
  auto side = static_cast<std::size_t>(std::lround(std::sqrt(model.features())));
  const std::size_t layers = model.tensors().size() / 2;
  for (std::size_t l = 0; l < layers; ++l) {
    const ReferenceLayer layer = reference_layer(model.tensors(), l, x);
    values = l < stages ? reference_stage(layer, values, side) : reference_dense(layer, values);
    if (l + 1 == layers) continue;
    for (double& value : values) value = std::max(value, 0.0);
  }
  return values;
}

// The mean cross entropy. `x`: the model's parameters.
inline double reference_loss(const Model& model, std::span<const double> x,
                             std::span<const float> inputs, std::span<const std::uint8_t> labels) {
  double total = 0;
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const std::vector<double> logits =
        reference_logits(model, x, inputs.subspan(n * model.features(), model.features()));
    double sum = 0;
    for (const double logit : logits) sum += std::exp(logit);
    total += std::log(sum) - logits[labels[n]];
  }
  return total / static_cast<double>(labels.size());
}

}  // namespace psephos
