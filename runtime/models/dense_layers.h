#pragma once
// Fully connected layers with ReLU between them; the last one's sums are logits.

#include <cstddef>
#include <span>
#include <vector>

#include "runtime/base/bytes.h"

namespace psephos {

// Not thread-safe (scratch memory).
class DenseLayers {
 public:
  // widths: inputs, hidden widths, classes. Layer after layer, its weights (outputs x inputs,
  // row-major) and its biases lie in the parameter vector from `first_parameter` on.
  DenseLayers(std::span<const std::size_t> widths, std::size_t first_parameter);

  std::size_t inputs() const { return layers_.front().inputs; }
  std::size_t outputs() const { return layers_.back().outputs; }

  // Makes room for this many samples; nothing else here allocates. Scratch only ever grows.
  void reserve(std::size_t samples);

  // `parameters`, `gradient`: the whole model's vector. `inputs`: samples x inputs. Leaves the
  // logits in logits().
  void forward(const float* parameters, const float* inputs, std::size_t samples);

  // samples x outputs, and room up to padded() (softmax_loss.h). Whoever knows the loss writes
  // logit_errors() between forward() and backward().
  float* logits() { return layers_.back().values.data(); }
  float* logit_errors() { return layers_.back().errors.data(); }

  // Writes the gradient of these layers' parameters. `input_errors`: samples x inputs, the
  // derivative by the inputs; null where nobody asks for it.
  void backward(const float* parameters, const float* inputs, std::size_t samples, float* gradient,
                float* input_errors);

 private:
  struct Layer {
    std::size_t inputs = 0;
    std::size_t outputs = 0;
    std::size_t weights = 0;  // where they begin in the parameter vector
    std::size_t biases = 0;
    AlignedVector<float> values;  // scratch, samples x outputs: after the ReLU
    AlignedVector<float> errors;  // scratch: the loss' derivative by the layer's sums
  };

  std::vector<Layer> layers_;
};

}  // namespace psephos
