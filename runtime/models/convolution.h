#pragma once
// Convolution by filters of 5 x 5, ReLU, and the largest of every 2 x 2: one stage of a CNN.
//
// Images are channel-last: side x side x channels, so the row of a window is 5 * channels floats in
// sequence, and the convolution is products.h's combine() on the image as it lies; no patch is ever
// copied. No padding at the border: windows lie inside the image. Where a convolved side is odd,
// its last row and column are dropped.

#include <cstddef>
#include <cstdint>

#include "runtime/base/bytes.h"

namespace psephos {

// Side of the image behind a stage; 0 where the stage has no output.
constexpr std::size_t kFilterSide = 5;
constexpr std::size_t side_after_stage(std::size_t side) {
  return side < kFilterSide ? 0 : (side - kFilterSide + 1) / 2;
}

// One image at a time. Not thread-safe (scratch memory); allocates in the constructor only.
class ConvolutionStage {
 public:
  // side: at least kFilterSide + 1. Its weights (filters x 5 x 5 x channels), then its biases lie
  // in the parameter vector from `first_parameter` on.
  ConvolutionStage(std::size_t side, std::size_t channels, std::size_t filters,
                   std::size_t first_parameter);

  std::size_t inputs() const { return side_ * side_ * channels_; }
  std::size_t outputs() const { return pooled_side_ * pooled_side_ * filters_; }

  // Takes the parameters for the images to come.
  void load(const float* parameters);

  // `values`, `choices`: outputs() of them, pooled side x pooled side x filters. A choice is which
  // of four sums was passed on, 0 to 3, row by row; or 4, where the ReLU passed none.
  void forward(const float* image, float* values, float* choices);

  // Between start_gradient() and write_gradient(): adds an image's share. `errors`: the loss'
  // derivative by the stage's values. `input_errors`: inputs() of them, written; null where nobody
  // asks for them.
  void start_gradient();
  void add_gradient(const float* image, const float* errors, const float* choices,
                    float* input_errors);
  void write_gradient(float* gradient) const;

 private:
  std::size_t window() const { return kFilterSide * kFilterSide * channels_; }
  std::size_t window_row() const { return kFilterSide * channels_; }
  std::size_t convolved_row() const { return 2 * pooled_side_ * filters_; }
  void add_input_errors(float* input_errors) const;

  std::size_t side_;
  std::size_t channels_;
  std::size_t filters_;
  std::size_t pooled_side_;
  std::size_t first_parameter_;

  const float* weights_ = nullptr;        // as they lie in the parameters: filters x window
  AlignedVector<float> biases_;           // filters
  AlignedVector<float> turned_;           // window x filters
  AlignedVector<float> sums_;             // two rows of convolved sums
  AlignedVector<float> sum_errors_;       // 2 pooled side x 2 pooled side x filters
  AlignedVector<float> turned_gradient_;  // window x filters
  AlignedVector<float> bias_gradient_;    // filters
};

}  // namespace psephos
