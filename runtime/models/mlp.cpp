#include "runtime/models/mlp.h"

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "platforms/kernels/environment.h"
#include "runtime/base/check.h"

namespace psephos {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixView = Eigen::Map<Matrix>;
using ConstMatrixView = Eigen::Map<const Matrix>;
using AlignedArrayView = Eigen::Map<Eigen::ArrayXf, Eigen::Aligned64>;

// A multiple of every vector register's width, so that no loop over padded scratch has a remainder.
constexpr std::size_t kPadding = kAlignment / sizeof(float);

constexpr std::size_t padded(std::size_t count) {
  return (count + kPadding - 1) / kPadding * kPadding;
}

ConstMatrixView view(const float* data, std::size_t rows, std::size_t columns) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}

MatrixView view(float* data, std::size_t rows, std::size_t columns) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}

bool aligned(const float* data) { return reinterpret_cast<std::uintptr_t>(data) % kAlignment == 0; }

void add_to_rows(float* values, const float* bias, std::size_t rows, std::size_t columns) {
  for (std::size_t row = 0; row < rows; ++row, values += columns) {
    for (std::size_t i = 0; i < columns; ++i) values[i] += bias[i];
  }
}

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

// Plain sums in sample order: each column's rounding is independent of vector width and address.
void sum_rows(const float* errors, std::size_t rows, std::size_t columns, float* sums) {
  std::fill_n(sums, columns, 0.0f);
  for (std::size_t row = 0; row < rows; ++row, errors += columns) {
    for (std::size_t i = 0; i < columns; ++i) sums[i] += errors[i];
  }
}

double sum_of(std::span<const float> row) {
  double sum = 0;
  for (const float value : row) sum += value;
  return sum;
}

std::size_t index_of_largest(std::span<const float> row) {
  return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

// Xavier (Glorot and Bengio, AISTATS 2010). Tried under sign votes (mlp:128, ten clients): after
// 600 rounds 0.866, He's the same, 1/sqrt(fan-in)'s 0.863; after 3000 0.888, He's 0.887, the last
// one's 0.889. Computed in double and rounded once: the coordinator sends it, every replica
// multiplies by it.
float weight_scale(std::size_t inputs, std::size_t outputs) {
  return static_cast<float>(std::sqrt(6.0 / static_cast<double>(inputs + outputs)));
}

}  // namespace

Mlp::Mlp(std::span<const std::size_t> widths) {
  const auto add_tensor = [this](std::string name, std::size_t count, float init_scale) {
    const std::size_t offset = parameters_;
    tensors_.push_back({std::move(name), static_cast<std::uint32_t>(offset),
                        static_cast<std::uint32_t>(count), init_scale});
    parameters_ += count;
    return offset;
  };
  layers_.resize(widths.size() - 1);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.inputs = widths[l];
    layer.outputs = widths[l + 1];
    layer.weights = add_tensor(fmt::format("layer{}.weight", l), layer.inputs * layer.outputs,
                               weight_scale(layer.inputs, layer.outputs));
    layer.biases = add_tensor(fmt::format("layer{}.bias", l), layer.outputs, 0.0f);
  }
}

double Mlp::gradient(std::span<const float> parameters, std::span<const float> inputs,
                     std::span<const std::uint8_t> labels, std::span<float> gradient) {
  check_batch(parameters, inputs, labels);
  PSEPHOS_CHECK(!labels.empty(), "a gradient needs at least one sample");
  PSEPHOS_CHECK(gradient.size() == parameters_ && aligned(gradient.data()),
                "gradient: d floats, 64-byte aligned");
  const kernels::FloatEnvironment environment;
  reserve(labels.size());
  forward(parameters.data(), inputs.data(), labels.size());
  const double loss = output_errors(labels);
  backward(parameters.data(), inputs.data(), labels.size(), gradient.data());
  return loss / static_cast<double>(labels.size());
}

LossAndHits Mlp::evaluate(std::span<const float> parameters, std::span<const float> inputs,
                          std::span<const std::uint8_t> labels) {
  check_batch(parameters, inputs, labels);
  LossAndHits result;
  if (labels.empty()) return result;
  const kernels::FloatEnvironment environment;
  result.samples = labels.size();
  reserve(labels.size());
  forward(parameters.data(), inputs.data(), labels.size());
  exponentials(labels.size());
  const Layer& last = layers_.back();
  for (std::size_t sample = 0; sample < labels.size(); ++sample) {
    const std::size_t begin = sample * classes();
    const std::span<const float> logits(&last.values[begin], classes());
    const std::span<const float> powers(&last.errors[begin], classes());
    result.loss_sum += std::log(sum_of(powers)) - static_cast<double>(logits[labels[sample]]);
    if (index_of_largest(logits) == labels[sample]) ++result.hits;
  }
  return result;
}

void Mlp::check_batch(std::span<const float> parameters, std::span<const float> inputs,
                      std::span<const std::uint8_t> labels) const {
  PSEPHOS_CHECK(parameters.size() == parameters_ && aligned(parameters.data()),
                "parameters: d floats, 64-byte aligned");
  PSEPHOS_CHECK(inputs.size() == labels.size() * features() && aligned(inputs.data()),
                "inputs: samples x features floats, 64-byte aligned");
  PSEPHOS_CHECK(std::all_of(labels.begin(), labels.end(),
                            [this](std::uint8_t label) { return label < classes(); }),
                "every label is below the number of classes");
}

// Scratch only ever grows; a batch uses the front of it.
void Mlp::reserve(std::size_t samples) {
  for (Layer& layer : layers_) {
    const std::size_t count = padded(samples * layer.outputs);
    if (layer.values.size() >= count) continue;
    layer.values.resize(count);
    layer.errors.resize(count);
  }
}

void Mlp::forward(const float* parameters, const float* inputs, std::size_t samples) {
  for (Layer& layer : layers_) {
    const auto weights = view(parameters + layer.weights, layer.outputs, layer.inputs);
    auto values = view(layer.values.data(), samples, layer.outputs);
    values.noalias() = view(inputs, samples, layer.inputs) * weights.transpose();
    add_to_rows(values.data(), parameters + layer.biases, samples, layer.outputs);
    if (&layer != &layers_.back()) relu({values.data(), samples * layer.outputs});
    inputs = layer.values.data();
  }
}

// Shifts every sample's logits so that the largest is 0, and writes their exponentials into the
// last layer's errors. The power series is Eigen's, on whole registers: libm's expf has variants
// that the loader picks by processor, and gradients would differ from machine to machine.
void Mlp::exponentials(std::size_t samples) {
  Layer& last = layers_.back();
  const std::size_t count = samples * last.outputs;
  for (std::size_t begin = 0; begin < count; begin += last.outputs) {
    const std::span<float> logits(&last.values[begin], last.outputs);
    const float largest = logits[index_of_largest(logits)];
    for (float& logit : logits) logit -= largest;
  }
  const auto begin = static_cast<std::ptrdiff_t>(count);
  const auto end = static_cast<std::ptrdiff_t>(padded(count));
  std::fill(last.values.begin() + begin, last.values.begin() + end, 0.0f);
  AlignedArrayView(last.errors.data(), end) = AlignedArrayView(last.values.data(), end).exp();
}

// errors of the last layer: (softmax - one-hot label) / samples. Returns the summed loss.
double Mlp::output_errors(std::span<const std::uint8_t> labels) {
  exponentials(labels.size());
  Layer& last = layers_.back();
  const float share = 1.0f / static_cast<float>(labels.size());
  double loss_sum = 0;
  for (std::size_t sample = 0; sample < labels.size(); ++sample) {
    const std::size_t begin = sample * last.outputs;
    const std::span<float> errors(&last.errors[begin], last.outputs);
    const double sum = sum_of(errors);
    loss_sum += std::log(sum) - static_cast<double>(last.values[begin + labels[sample]]);
    const auto normaliser = static_cast<float>(1.0 / sum);
    for (float& error : errors) error *= normaliser;
    errors[labels[sample]] -= 1.0f;
    for (float& error : errors) error *= share;
  }
  return loss_sum;
}

void Mlp::backward(const float* parameters, const float* inputs, std::size_t samples,
                   float* gradient) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const Layer& layer = layers_[l];
    const float* below = l == 0 ? inputs : layers_[l - 1].values.data();
    const auto errors = view(layer.errors.data(), samples, layer.outputs);
    view(gradient + layer.weights, layer.outputs, layer.inputs).noalias() =
        errors.transpose() * view(below, samples, layer.inputs);
    sum_rows(layer.errors.data(), samples, layer.outputs, gradient + layer.biases);
    if (l == 0) return;  // nobody asks for the derivative by the inputs
    float* errors_below = layers_[l - 1].errors.data();
    view(errors_below, samples, layer.inputs).noalias() =
        errors * view(parameters + layer.weights, layer.outputs, layer.inputs);
    mask_errors({errors_below, samples * layer.inputs}, below);
  }
}

}  // namespace psephos
