#include "runtime/models/convolution.h"

#include <algorithm>

#include "runtime/models/packets.h"
#include "runtime/models/products.h"

namespace psephos {
namespace {

constexpr float kNobody = 4.0f;

void transpose(const float* matrix, std::size_t rows, std::size_t columns, float* result) {
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      result[column * rows + row] = matrix[row * columns + column];
    }
  }
}

// One pooled pixel from the four sums under it. Bias and ReLU come after the largest: rounding is
// monotonous, so that is the same. NaN stays NaN.
void pool(const float* above, const float* below, const float* biases, std::size_t filters,
          float* values, float* choices) {
  by_packets(filters, [=]<class Packet>(std::size_t f) {
    Packet largest = packets::ploadu<Packet>(above + f);
    Packet choice = packets::pset1<Packet>(0.0f);
    const auto consider = [&](const float* sums, float which) {
      const Packet sum = packets::ploadu<Packet>(sums + f);
      const Packet better =
          packets::pand(packets::pcmp_lt_or_nan(largest, sum), packets::pcmp_eq(largest, largest));
      largest = packets::pselect(better, sum, largest);
      choice = packets::pselect(better, packets::pset1<Packet>(which), choice);
    };
    consider(above + filters, 1.0f);
    consider(below, 2.0f);
    consider(below + filters, 3.0f);
    const Packet zero = packets::pset1<Packet>(0.0f);
    const Packet value = packets::padd(largest, packets::ploadu<Packet>(biases + f));
    packets::pstoreu(values + f, packets::pselect(packets::pcmp_lt(value, zero), zero, value));
    packets::pstoreu(choices + f, packets::pselect(packets::pcmp_lt(zero, value), choice,
                                                   packets::pset1<Packet>(kNobody)));
  });
}

// The way back: each error goes to the sum that was passed on.
void unpool(const float* errors, const float* choices, std::size_t filters, float* above,
            float* below, float* bias_gradient) {
  by_packets(filters, [=]<class Packet>(std::size_t f) {
    const Packet error = packets::ploadu<Packet>(errors + f);
    const Packet choice = packets::ploadu<Packet>(choices + f);
    Packet passed = packets::pset1<Packet>(0.0f);
    const auto give = [&](float which, float* sum_errors) {
      const Packet mine =
          packets::pand(packets::pcmp_eq(choice, packets::pset1<Packet>(which)), error);
      packets::pstoreu(sum_errors + f, mine);
      passed = packets::por(passed, mine);
    };
    give(0.0f, above);
    give(1.0f, above + filters);
    give(2.0f, below);
    give(3.0f, below + filters);
    packets::pstoreu(bias_gradient + f,
                     packets::padd(packets::ploadu<Packet>(bias_gradient + f), passed));
  });
}

}  // namespace

ConvolutionStage::ConvolutionStage(std::size_t side, std::size_t channels, std::size_t filters,
                                   std::size_t first_parameter)
    : side_(side),
      channels_(channels),
      filters_(filters),
      pooled_side_(side_after_stage(side)),
      first_parameter_(first_parameter),
      biases_(filters),
      turned_(window() * filters),
      sums_(2 * convolved_row()),
      sum_errors_(2 * pooled_side_ * convolved_row()),
      turned_gradient_(window() * filters),
      bias_gradient_(filters) {}

void ConvolutionStage::load(const float* parameters) {
  weights_ = parameters + first_parameter_;
  transpose(weights_, filters_, window(), turned_.data());
  std::copy_n(weights_ + filters_ * window(), filters_, biases_.data());
}

void ConvolutionStage::forward(const float* image, float* values, float* choices) {
  const std::size_t image_row = side_ * channels_;
  for (std::size_t y = 0; y < pooled_side_; ++y) {
    for (std::size_t row = 0; row < 2; ++row) {
      combine({.count = 2 * pooled_side_,
               .columns = filters_,
               .runs = kFilterSide,
               .steps = window_row(),
               .factors = image + (2 * y + row) * image_row,
               .factor_row = channels_,
               .factor_run = image_row,
               .factor_step = 1,
               .rows = turned_.data(),
               .row_stride = filters_,
               .results = sums_.data() + row * convolved_row(),
               .result_stride = filters_});
    }
    for (std::size_t x = 0; x < pooled_side_; ++x) {
      const float* above = sums_.data() + 2 * x * filters_;
      pool(above, above + convolved_row(), biases_.data(), filters_, values, choices);
      values += filters_;
      choices += filters_;
    }
  }
}

void ConvolutionStage::start_gradient() {
  std::fill(turned_gradient_.begin(), turned_gradient_.end(), 0.0f);
  std::fill(bias_gradient_.begin(), bias_gradient_.end(), 0.0f);
}

void ConvolutionStage::add_gradient(const float* image, const float* errors, const float* choices,
                                    float* input_errors) {
  for (std::size_t y = 0; y < pooled_side_; ++y) {
    for (std::size_t x = 0; x < pooled_side_; ++x) {
      float* above = sum_errors_.data() + 2 * y * convolved_row() + 2 * x * filters_;
      unpool(errors, choices, filters_, above, above + convolved_row(), bias_gradient_.data());
      errors += filters_;
      choices += filters_;
    }
  }
  const std::size_t image_row = side_ * channels_;
  for (std::size_t row = 0; row < kFilterSide; ++row) {
    combine({.count = window_row(),
             .columns = filters_,
             .runs = 2 * pooled_side_,
             .steps = 2 * pooled_side_,
             .factors = image + row * image_row,
             .factor_row = 1,
             .factor_run = image_row,
             .factor_step = channels_,
             .rows = sum_errors_.data(),
             .row_stride = filters_,
             .results = turned_gradient_.data() + row * window_row() * filters_,
             .result_stride = filters_,
             .add = true});
  }
  if (input_errors != nullptr) add_input_errors(input_errors);
}

// Every window column of sums, one below the other, adds to image rows of its own, so a block of
// them never meets itself.
void ConvolutionStage::add_input_errors(float* input_errors) const {
  std::fill_n(input_errors, inputs(), 0.0f);
  for (std::size_t row = 0; row < kFilterSide; ++row) {
    for (std::size_t x = 0; x < 2 * pooled_side_; ++x) {
      combine({.count = 2 * pooled_side_,
               .columns = window_row(),
               .steps = filters_,
               .factors = sum_errors_.data() + x * filters_,
               .factor_row = convolved_row(),
               .factor_step = 1,
               .rows = weights_ + row * window_row(),
               .row_stride = window(),
               .results = input_errors + (row * side_ + x) * channels_,
               .result_stride = side_ * channels_,
               .add = true});
    }
  }
}

void ConvolutionStage::write_gradient(float* gradient) const {
  gradient += first_parameter_;
  transpose(turned_gradient_.data(), window(), filters_, gradient);
  std::copy_n(bias_gradient_.data(), filters_, gradient + filters_ * window());
}

}  // namespace psephos
