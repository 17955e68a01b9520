#include "runtime/models/network_shape.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "runtime/models/convolution.h"
#include "runtime/models/model.h"
#include "runtime/signs/layout.h"

namespace psephos {
namespace {

constexpr std::string_view kMlp = "mlp:";
constexpr std::string_view kCnn = "cnn:";
constexpr std::string_view kDefaultCnn = "16,32,128";
constexpr std::size_t kCnnNumbers = 3;

std::optional<std::size_t> parse_number(std::string_view text, std::size_t most) {
  std::size_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || number < 1 || number > most) return {};
  return number;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t comma = text.find(',');
    words.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return words;
    text.remove_prefix(comma + 1);
  }
}

// "256,128": the widths of the hidden layers.
Status parse_mlp(std::string_view text, NetworkShape& shape) {
  for (const std::string_view word : split(text)) {
    const std::optional<std::size_t> width = parse_number(word, kMaxHiddenWidth);
    if (!width) {
      return Error{
          fmt::format("--model mlp: '{}' is not a hidden width; give 1 to {}, as in "
                      "mlp:128 or mlp:256,128",
                      word, kMaxHiddenWidth)};
    }
    shape.hidden.push_back(*width);
    if (shape.hidden.size() >= kMaxLayers) {
      return Error{
          fmt::format("--model mlp: more than {} hidden widths; drop some", kMaxLayers - 1)};
    }
  }
  return Ok{};
}

// "16,32,128": filters, filters, the width of the hidden layer.
Status parse_cnn(std::string_view text, NetworkShape& shape) {
  const std::vector<std::string_view> words = split(text);
  if (words.size() != kCnnNumbers) {
    return Error{
        fmt::format("--model cnn:{}: give three numbers, the filters of two convolutions and a "
                    "hidden width, as in cnn:{}",
                    text, kDefaultCnn)};
  }
  for (const std::string_view& word : words) {
    const bool last = &word == &words.back();
    const std::size_t most = last ? kMaxHiddenWidth : kMaxFilters;
    const std::optional<std::size_t> number = parse_number(word, most);
    if (!number) {
      return Error{fmt::format("--model cnn: '{}' is not a {}; give 1 to {}, as in cnn:{}", word,
                               last ? "hidden width" : "number of filters", most, kDefaultCnn)};
    }
    (last ? shape.hidden : shape.filters).push_back(*number);
  }
  return Ok{};
}

Status parse_words(std::string_view words, NetworkShape& shape) {
  if (words == "softmax") return Ok{};
  if (words == "cnn") return parse_cnn(kDefaultCnn, shape);
  if (words.starts_with(kMlp)) return parse_mlp(words.substr(kMlp.size()), shape);
  if (words.starts_with(kCnn)) return parse_cnn(words.substr(kCnn.size()), shape);
  return Error{
      fmt::format("--model {}: unknown; known are softmax, mlp:WIDTH, mlp:WIDTH,WIDTH,..., cnn and "
                  "cnn:FILTERS,FILTERS,WIDTH",
                  words)};
}

Status check_data(std::size_t features, std::size_t classes) {
  if (features < 1 || features > kMaxFeatures) {
    return Error{fmt::format("{} features per sample: a model takes 1 to {}; use other data",
                             features, kMaxFeatures)};
  }
  if (classes < 2 || classes > kMaxClasses) {
    return Error{fmt::format("{} classes: a model tells 2 to {} apart; use other data", classes,
                             kMaxClasses)};
  }
  return Ok{};
}

// The smallest image of which every stage leaves something.
std::size_t smallest_side(std::size_t stages) {
  std::size_t side = 1;
  for (std::size_t s = 0; s < stages; ++s) side = 2 * side + kFilterSide - 1;
  return side;
}

Status check_image(std::string_view words, const NetworkShape& shape) {
  if (shape.filters.empty()) return Ok{};
  std::size_t side = image_side(shape.features);
  const std::size_t least = smallest_side(shape.filters.size());
  if (side * side != shape.features || side < least) {
    return Error{
        fmt::format("--model {}: {} features are no square grey image of at least {} x {} pixels "
                    "({} features); use such images, or mlp:WIDTH",
                    words, shape.features, least, least, least * least)};
  }
  for (const std::size_t filters : shape.filters) {
    if (filters * side * side > kMaxFilteredPixels) {
      return Error{
          fmt::format("--model {}: {} filters on {} x {} pixels, at most {} filters times "
                      "pixels are possible; use fewer filters or smaller images",
                      words, filters, side, side, kMaxFilteredPixels)};
    }
    side = side_after_stage(side);
  }
  return Ok{};
}

Status check_size(std::string_view words, const NetworkShape& shape) {
  const std::size_t parameters = parameter_count(layers_of(shape));
  if (parameters <= kMaxParameters) return Ok{};
  return Error{
      fmt::format("--model {}: {} parameters on {} features and {} classes, at most {} "
                  "are possible; make the layers narrower",
                  words, parameters, shape.features, shape.classes, kMaxParameters)};
}

}  // namespace

Result<NetworkShape> parse_network(std::string_view words, std::size_t features,
                                   std::size_t classes) {
  NetworkShape shape;
  shape.features = features;
  shape.classes = classes;
  if (const Status known = parse_words(words, shape); !known) return known.error();
  if (const Status data = check_data(features, classes); !data) return data.error();
  if (const Status image = check_image(words, shape); !image) return image.error();
  if (const Status size = check_size(words, shape); !size) return size.error();
  return shape;
}

std::size_t image_side(std::size_t features) {
  return static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(features))));
}

std::vector<LayerShape> layers_of(const NetworkShape& shape) {
  constexpr std::size_t kWindow = kFilterSide * kFilterSide;
  std::vector<LayerShape> layers;
  std::size_t inputs = shape.features;
  std::size_t side = image_side(shape.features);
  std::size_t channels = 1;
  for (const std::size_t filters : shape.filters) {
    layers.push_back({kWindow * channels, filters, kWindow * filters});
    side = side_after_stage(side);
    channels = filters;
    inputs = side * side * channels;
  }
  const auto add_dense = [&](std::size_t outputs) {
    layers.push_back({inputs, outputs, outputs});
    inputs = outputs;
  };
  for (const std::size_t width : shape.hidden) add_dense(width);
  add_dense(shape.classes);
  return layers;
}

std::size_t parameter_count(std::span<const LayerShape> layers) {
  std::size_t count = 0;
  for (const LayerShape& layer : layers) count += (layer.inputs + 1) * layer.outputs;
  return count;
}

}  // namespace psephos
