#pragma once
// Models with gradients: a flat parameter vector in, the mean gradient over a batch out.
//
// Compiled into one shared library that every program links: the same run then has the same bits
// whoever computes them. The loader takes the variant for its processor (CMakeLists.txt);
// arithmetic_set() says which. A gradient is a function of parameters and batch alone: no threads
// inside, no state between calls but scratch memory, which is allocated when a batch is larger than
// all before it and at no other time.

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
  // floats start 64-byte aligned, as everywhere. Writes the gradient of the mean cross entropy;
  // returns the mean loss.
  virtual double gradient(std::span<const float> parameters, std::span<const float> inputs,
                          std::span<const std::uint8_t> labels, std::span<float> gradient) = 0;

  // The same shapes; n = 0 adds nothing. What a sample adds does not depend on the others.
  virtual LossAndHits evaluate(std::span<const float> parameters, std::span<const float> inputs,
                               std::span<const std::uint8_t> labels) = 0;
};

inline constexpr std::size_t kMaxLayers = 8;
inline constexpr std::size_t kMaxHiddenWidth = 65'536;
inline constexpr std::size_t kMaxFeatures = std::size_t{1} << 24;
inline constexpr std::size_t kMaxClasses = 256;  // labels are bytes
inline constexpr std::size_t kMaxFilters = 1024;
inline constexpr std::size_t kMaxFilteredPixels = std::size_t{1} << 24;  // 64 MiB of scratch

// 1 <= features <= kMaxFeatures, 2 <= classes <= kMaxClasses, d <= kMaxParameters. Words:
//
//   softmax                     one layer: softmax regression
//   mlp:128, mlp:256,128        hidden widths, ReLU between
//   cnn                         cnn:16,32,128
//   cnn:FILTERS,FILTERS,WIDTH   two stages of 5 x 5 convolution, ReLU and 2 x 2 max pooling, then a
//                               hidden layer. Features are one square grey image, row by row, at
//                               least 16 x 16. Windows lie inside the image, so a stage turns side
//                               s into (s - 4) / 2 (28 into 12 into 4); an odd row and column is
//                               dropped by the pooling. Filters times pixels of each stage's input
//                               are at most kMaxFilteredPixels.
//
// Errors name the word that is wrong and list what is known. Layer l has tensors "layerL.weight"
// (outputs x inputs, row-major) and "layerL.bias"; a convolution's inputs are its window's row,
// column, channel, in that order, and a hidden layer's the image's behind the last stage.
PSEPHOS_MODELS_API Result<std::unique_ptr<Model>> make_model(std::string_view words,
                                                             std::size_t features,
                                                             std::size_t classes);

// Names what decides the bits of a gradient: the architecture that the library's loaded variant is
// compiled for, Eigen's version, its instruction sets, e.g. "x86_64/eigen-3.4.0-sse+sse2" or
// "x86_64-v3/eigen-3.4.0-avx+...+fma". Sent in Join, kept in summary.json.
PSEPHOS_MODELS_API std::string arithmetic_set();

}  // namespace psephos
