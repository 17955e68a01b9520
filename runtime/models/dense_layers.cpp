#include "runtime/models/dense_layers.h"

#include <algorithm>

#include "runtime/models/products.h"
#include "runtime/models/softmax_loss.h"

namespace psephos {
namespace {

// Written so that NaN stays NaN: a broken sum must reach the loss.
void relu(std::span<float> values) {
  for (float& value : values) value = value < 0.0f ? 0.0f : value;
}

// A hidden unit that was silent passes nothing back.
void mask_errors(std::span<float> errors, const float* values) {
  for (std::size_t i = 0; i < errors.size(); ++i) {
    errors[i] = values[i] > 0.0f ? errors[i] : 0.0f;
  }
}

// Plain sums in sample order.
void sum_rows(const float* errors, std::size_t rows, std::size_t columns, float* sums) {
  std::fill_n(sums, columns, 0.0f);
  for (std::size_t row = 0; row < rows; ++row, errors += columns) {
    for (std::size_t i = 0; i < columns; ++i) sums[i] += errors[i];
  }
}

}  // namespace

DenseLayers::DenseLayers(std::span<const std::size_t> widths, std::size_t first_parameter)
    : layers_(widths.size() - 1) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.inputs = widths[l];
    layer.outputs = widths[l + 1];
    layer.weights = first_parameter;
    layer.biases = layer.weights + layer.outputs * layer.inputs;
    first_parameter = layer.biases + layer.outputs;
  }
}

void DenseLayers::reserve(std::size_t samples) {
  for (Layer& layer : layers_) {
    const std::size_t count = padded(samples * layer.outputs);
    if (layer.values.size() >= count) continue;
    layer.values.resize(count);
    layer.errors.resize(count);
  }
}

void DenseLayers::forward(const float* parameters, const float* inputs, std::size_t samples) {
  for (Layer& layer : layers_) {
    dense_sums({samples, layer.inputs, layer.outputs}, inputs, parameters + layer.weights,
               parameters + layer.biases, layer.values.data());
    if (&layer != &layers_.back()) relu({layer.values.data(), samples * layer.outputs});
    inputs = layer.values.data();
  }
}

void DenseLayers::backward(const float* parameters, const float* inputs, std::size_t samples,
                           float* gradient, float* input_errors) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const Layer& layer = layers_[l];
    const float* errors = layer.errors.data();
    const float* below = l == 0 ? inputs : layers_[l - 1].values.data();
    combine({.count = layer.outputs,
             .columns = layer.inputs,
             .steps = samples,
             .factors = errors,
             .factor_row = 1,
             .factor_step = layer.outputs,
             .rows = below,
             .row_stride = layer.inputs,
             .results = gradient + layer.weights,
             .result_stride = layer.inputs});
    sum_rows(errors, samples, layer.outputs, gradient + layer.biases);
    float* errors_below = l == 0 ? input_errors : layers_[l - 1].errors.data();
    if (errors_below == nullptr) return;
    combine({.count = samples,
             .columns = layer.inputs,
             .steps = layer.outputs,
             .factors = errors,
             .factor_row = layer.outputs,
             .factor_step = 1,
             .rows = parameters + layer.weights,
             .row_stride = layer.inputs,
             .results = errors_below,
             .result_stride = layer.inputs});
    if (l > 0) mask_errors({errors_below, samples * layer.inputs}, below);
  }
}

}  // namespace psephos
