#pragma once
// Fully connected layers with ReLU between them and softmax cross entropy at the end. Without
// hidden layers this is softmax regression.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/models/model.h"

namespace psephos {

class Mlp final : public Model {
 public:
  // widths: features, hidden widths, classes; within model.h's limits.
  explicit Mlp(std::span<const std::size_t> widths);

  const TensorTable& tensors() const override { return tensors_; }
  std::size_t parameters() const override { return parameters_; }
  std::size_t features() const override { return layers_.front().inputs; }
  std::size_t classes() const override { return layers_.back().outputs; }

  double gradient(std::span<const float> parameters, std::span<const float> inputs,
                  std::span<const std::uint8_t> labels, std::span<float> gradient) override;
  LossAndHits evaluate(std::span<const float> parameters, std::span<const float> inputs,
                       std::span<const std::uint8_t> labels) override;

 private:
  // Matrices are row-major: weights outputs x inputs, the scratch samples x outputs.
  struct Layer {
    std::size_t inputs = 0;
    std::size_t outputs = 0;
    std::size_t weights = 0;  // where they begin in the parameter vector
    std::size_t biases = 0;
    AlignedVector<float> values;  // scratch: after the ReLU; of the last layer: shifted logits
    AlignedVector<float> errors;  // scratch: the loss' derivative by the layer's sums
  };

  void check_batch(std::span<const float> parameters, std::span<const float> inputs,
                   std::span<const std::uint8_t> labels) const;
  void reserve(std::size_t samples);
  void forward(const float* parameters, const float* inputs, std::size_t samples);
  void exponentials(std::size_t samples);
  double output_errors(std::span<const std::uint8_t> labels);
  void backward(const float* parameters, const float* inputs, std::size_t samples, float* gradient);

  std::vector<Layer> layers_;
  TensorTable tensors_;
  std::size_t parameters_ = 0;
};

}  // namespace psephos
