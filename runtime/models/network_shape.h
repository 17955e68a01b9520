#pragma once
// What the words of make_model ("softmax", "mlp:256,128", "cnn:16,32,128") mean on given data.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace psephos {

// Convolution stages (convolution.h) for a CNN, then fully connected layers with ReLU between them,
// the last one as wide as there are classes.
struct NetworkShape {
  std::size_t features = 0;
  std::vector<std::size_t> filters;  // per convolution stage; the features are then a square image
  std::vector<std::size_t> hidden;   // widths
  std::size_t classes = 0;
};

// Checks everything that model.h promises to check; errors name the word that is wrong.
Result<NetworkShape> parse_network(std::string_view words, std::size_t features,
                                   std::size_t classes);

// Side of the square image that a CNN's features are.
std::size_t image_side(std::size_t features);

// One convolution or fully connected layer: `outputs` rows of `inputs` weights, then a bias for
// each row. The layers' parameters follow one another.
struct LayerShape {
  std::size_t inputs;   // floats that one output is summed over
  std::size_t outputs;  // filters or width
  std::size_t fan_out;  // sums that one input enters
};
std::vector<LayerShape> layers_of(const NetworkShape& shape);
std::size_t parameter_count(std::span<const LayerShape> layers);

}  // namespace psephos
