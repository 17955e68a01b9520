#include "runtime/models/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "platforms/kernels/environment.h"
#include "runtime/base/check.h"
#include "runtime/models/softmax_loss.h"

namespace psephos {
namespace {

// Samples that evaluate() takes at once: scratch does not grow with the test set.
constexpr std::size_t kEvaluatedAtOnce = 64;

bool aligned(const float* data) { return reinterpret_cast<std::uintptr_t>(data) % kAlignment == 0; }

// Xavier (Glorot and Bengio, AISTATS 2010). Tried under sign votes (mlp:128, ten clients): after
// 600 rounds 0.866, He's the same, 1/sqrt(fan-in)'s 0.863; after 3000 0.888, He's 0.887, the last
// one's 0.889. Computed in double and rounded once: the coordinator sends it, every replica
// multiplies by it.
float weight_scale(const LayerShape& layer) {
  return static_cast<float>(std::sqrt(6.0 / static_cast<double>(layer.inputs + layer.fan_out)));
}

std::vector<std::size_t> dense_widths(std::span<const LayerShape> dense) {
  std::vector<std::size_t> widths{dense.front().inputs};
  for (const LayerShape& layer : dense) widths.push_back(layer.outputs);
  return widths;
}

DenseLayers make_dense_layers(const NetworkShape& shape) {
  const std::vector<LayerShape> layers = layers_of(shape);
  const std::size_t stages = shape.filters.size();
  const std::span<const LayerShape> all(layers);
  return {dense_widths(all.subspan(stages)), parameter_count(all.first(stages))};
}

}  // namespace

Network::Network(const NetworkShape& shape)
    : features_(shape.features), dense_(make_dense_layers(shape)) {
  const auto add_tensor = [this](std::string name, std::size_t count, float init_scale) {
    tensors_.push_back({std::move(name), static_cast<std::uint32_t>(parameters_),
                        static_cast<std::uint32_t>(count), init_scale});
    parameters_ += count;
  };
  std::size_t side = image_side(features_);
  std::size_t channels = 1;
  const std::vector<LayerShape> layers = layers_of(shape);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    if (l < shape.filters.size()) {
      stages_.emplace_back(ConvolutionStage(side, channels, shape.filters[l], parameters_));
      side = side_after_stage(side);
      channels = shape.filters[l];
    }
    const LayerShape& layer = layers[l];
    add_tensor(fmt::format("layer{}.weight", l), layer.inputs * layer.outputs, weight_scale(layer));
    add_tensor(fmt::format("layer{}.bias", l), layer.outputs, 0.0f);
  }
}

double Network::gradient(std::span<const float> parameters, std::span<const float> inputs,
                         std::span<const std::uint8_t> labels, std::span<float> gradient) {
  check_batch(parameters, inputs, labels);
  PSEPHOS_CHECK(!labels.empty(), "a gradient needs at least one sample");
  PSEPHOS_CHECK(gradient.size() == parameters_ && aligned(gradient.data()),
                "gradient: d floats, 64-byte aligned");
  const kernels::FloatEnvironment environment;
  reserve(labels.size());
  forward(parameters.data(), inputs.data(), labels.size());
  const double loss_sum = softmax_errors(labels, classes(), dense_.logits(), dense_.logit_errors());
  backward(parameters.data(), inputs.data(), labels.size(), gradient.data());
  return loss_sum / static_cast<double>(labels.size());
}

LossAndHits Network::evaluate(std::span<const float> parameters, std::span<const float> inputs,
                              std::span<const std::uint8_t> labels) {
  check_batch(parameters, inputs, labels);
  const kernels::FloatEnvironment environment;
  LossAndHits total;
  while (!labels.empty()) {
    const std::size_t samples = std::min(labels.size(), kEvaluatedAtOnce);
    reserve(samples);
    forward(parameters.data(), inputs.data(), samples);
    const LossAndHits part =
        softmax_loss(labels.first(samples), classes(), dense_.logits(), dense_.logit_errors());
    total.loss_sum += part.loss_sum;
    total.hits += part.hits;
    total.samples += samples;
    inputs = inputs.subspan(samples * features_);
    labels = labels.subspan(samples);
  }
  return total;
}

void Network::check_batch(std::span<const float> parameters, std::span<const float> inputs,
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
void Network::reserve(std::size_t samples) {
  dense_.reserve(samples);
  for (Stage& stage : stages_) {
    const std::size_t count = samples * stage.convolution.outputs();
    if (stage.values.size() >= count) continue;
    stage.values.resize(count);
    stage.choices.resize(count);
    stage.errors.resize(&stage == &stages_.back() ? count : stage.convolution.outputs());
  }
}

void Network::forward(const float* parameters, const float* inputs, std::size_t samples) {
  for (Stage& stage : stages_) stage.convolution.load(parameters);
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const float* image = inputs + sample * features_;
    for (Stage& stage : stages_) {
      const std::size_t begin = sample * stage.convolution.outputs();
      stage.convolution.forward(image, &stage.values[begin], &stage.choices[begin]);
      image = &stage.values[begin];
    }
  }
  dense_.forward(parameters, stages_.empty() ? inputs : stages_.back().values.data(), samples);
}

void Network::backward(const float* parameters, const float* inputs, std::size_t samples,
                       float* gradient) {
  if (stages_.empty()) {
    dense_.backward(parameters, inputs, samples, gradient, nullptr);
    return;
  }
  Stage& last = stages_.back();
  dense_.backward(parameters, last.values.data(), samples, gradient, last.errors.data());
  backward_stages(inputs, samples, gradient);
}

void Network::backward_stages(const float* inputs, std::size_t samples, float* gradient) {
  for (Stage& stage : stages_) stage.convolution.start_gradient();
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const float* errors = &stages_.back().errors[sample * stages_.back().convolution.outputs()];
    for (std::size_t s = stages_.size(); s-- > 0;) {
      Stage& stage = stages_[s];
      const float* choices = &stage.choices[sample * stage.convolution.outputs()];
      if (s == 0) {
        stage.convolution.add_gradient(inputs + sample * features_, errors, choices, nullptr);
        break;
      }
      Stage& below = stages_[s - 1];
      stage.convolution.add_gradient(&below.values[sample * below.convolution.outputs()], errors,
                                     choices, below.errors.data());
      errors = below.errors.data();
    }
  }
  for (const Stage& stage : stages_) stage.convolution.write_gradient(gradient);
}

}  // namespace psephos
