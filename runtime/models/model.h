#pragma once
// Models with gradients: a flat parameter vector in, the mean gradient over a batch out.
//
// Compiled once into one shared library that every program links: the same run then has the same
// bits whoever computes them. A gradient is a function of parameters and batch alone: no threads
// inside, no state between calls but scratch memory.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/replica/tensor_table.h"

#define PSEPHOS_MODELS_API __attribute__((visibility("default")))

namespace psephos {

// Loss and hits over some samples; add them up over batches.
struct LossAndHits {
  double loss_sum = 0;     // natural-log cross entropy, summed over samples
  std::uint64_t hits = 0;  // samples whose largest logit is the label
  std::uint64_t samples = 0;
};

// Not thread-safe (scratch memory); make one per thread.
class PSEPHOS_MODELS_API Model {
 public:
  virtual ~Model();  // out of line: the vtable lives in the library alone

  virtual const TensorTable& tensors() const = 0;
  virtual std::size_t parameters() const = 0;  // d
  virtual std::size_t features() const = 0;
  virtual std::size_t classes() const = 0;

  // inputs: n >= 1 x features, row-major; labels: n, each < classes; parameters, gradient: d. All
  // floats start 64-byte aligned: Eigen's sums may depend on the address. Writes the gradient of
  // the mean cross entropy; returns the mean loss.
  virtual double gradient(std::span<const float> parameters, std::span<const float> inputs,
                          std::span<const std::uint8_t> labels, std::span<float> gradient) = 0;

  // The same shapes; n = 0 adds nothing.
  virtual LossAndHits evaluate(std::span<const float> parameters, std::span<const float> inputs,
                               std::span<const std::uint8_t> labels) = 0;
};

inline constexpr std::size_t kMaxLayers = 8;
inline constexpr std::size_t kMaxHiddenWidth = 65'536;
inline constexpr std::size_t kMaxFeatures = std::size_t{1} << 24;
inline constexpr std::size_t kMaxClasses = 256;  // labels are bytes

// "softmax", "mlp:128", "mlp:256,128": hidden widths, ReLU between. 1 <= features <= kMaxFeatures,
// 2 <= classes <= kMaxClasses, d <= kMaxParameters. Errors name the word that is wrong and list
// what is known. Layer l has tensors "layerL.weight" (outputs x inputs, row-major) and
// "layerL.bias".
PSEPHOS_MODELS_API Result<std::unique_ptr<Model>> make_model(std::string_view words,
                                                             std::size_t features,
                                                             std::size_t classes);

// Names what decides the bits of a gradient: architecture, Eigen's version, its instruction sets,
// e.g. "x86_64/eigen-3.4.0-sse+sse2". Sent in Join, kept in summary.json.
PSEPHOS_MODELS_API std::string arithmetic_set();

}  // namespace psephos
