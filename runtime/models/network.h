#pragma once
// The network behind every word of make_model: convolution stages (of a CNN), then fully connected
// layers, then softmax cross entropy. Without convolution it is a multi-layer perceptron, without
// hidden layers softmax regression.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/models/convolution.h"
#include "runtime/models/dense_layers.h"
#include "runtime/models/model.h"
#include "runtime/models/network_shape.h"

namespace psephos {

class Network final : public Model {
 public:
  // `shape`: as of parse_network().
  explicit Network(const NetworkShape& shape);

  const TensorTable& tensors() const override { return tensors_; }
  std::size_t parameters() const override { return parameters_; }
  std::size_t features() const override { return features_; }
  std::size_t classes() const override { return dense_.outputs(); }

  double gradient(std::span<const float> parameters, std::span<const float> inputs,
                  std::span<const std::uint8_t> labels, std::span<float> gradient) override;
  LossAndHits evaluate(std::span<const float> parameters, std::span<const float> inputs,
                       std::span<const std::uint8_t> labels) override;

 private:
  struct Stage {
    explicit Stage(ConvolutionStage stage) : convolution(std::move(stage)) {}
    ConvolutionStage convolution;
    AlignedVector<float> values;  // scratch, samples x outputs
    AlignedVector<float> choices;
    AlignedVector<float> errors;  // the same of the last stage, of the others one sample's
  };

  void check_batch(std::span<const float> parameters, std::span<const float> inputs,
                   std::span<const std::uint8_t> labels) const;
  void reserve(std::size_t samples);
  void forward(const float* parameters, const float* inputs, std::size_t samples);
  void backward(const float* parameters, const float* inputs, std::size_t samples, float* gradient);
  void backward_stages(const float* inputs, std::size_t samples, float* gradient);

  TensorTable tensors_;
  std::size_t parameters_ = 0;
  std::size_t features_;
  std::vector<Stage> stages_;
  DenseLayers dense_;
};

}  // namespace psephos
