#include "runtime/models/model.h"

#include <fmt/format.h>

#include <Eigen/Core>
#include <charconv>
#include <optional>
#include <vector>

#include "runtime/models/mlp.h"
#include "runtime/signs/layout.h"

namespace psephos {
namespace {

constexpr std::string_view kMlp = "mlp:";

// Eigen cuts matrix products into blocks by the cache sizes that the processor reports, and each
// way of cutting rounds differently. These sizes fit everything from a Raspberry Pi up, and cost
// nothing measurable elsewhere.
void fix_block_sizes() {
  static const bool once = [] {
    Eigen::setCpuCacheSizes(32 * 1024, 256 * 1024, 2048 * 1024);
    return true;
  }();
  static_cast<void>(once);
}

std::optional<std::size_t> parse_width(std::string_view text) {
  std::size_t width = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, width);
  if (error != std::errc{} || stop != end || width < 1 || width > kMaxHiddenWidth) return {};
  return width;
}

// "256,128": the widths of the hidden layers.
Result<std::vector<std::size_t>> parse_widths(std::string_view text) {
  std::vector<std::size_t> widths;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    const std::optional<std::size_t> width = parse_width(word);
    if (!width) {
      return Error{
          fmt::format("--model mlp: '{}' is not a hidden width; give 1 to {}, as in "
                      "mlp:128 or mlp:256,128",
                      word, kMaxHiddenWidth)};
    }
    widths.push_back(*width);
    if (widths.size() >= kMaxLayers) {
      return Error{
          fmt::format("--model mlp: more than {} hidden widths; drop some", kMaxLayers - 1)};
    }
    if (comma == std::string_view::npos) return widths;
    text.remove_prefix(comma + 1);
  }
}

Result<std::vector<std::size_t>> parse_hidden_widths(std::string_view words) {
  if (words == "softmax") return std::vector<std::size_t>{};
  if (words.starts_with(kMlp)) return parse_widths(words.substr(kMlp.size()));
  return Error{fmt::format(
      "--model {}: unknown; known are softmax, mlp:WIDTH and mlp:WIDTH,WIDTH,...", words)};
}

std::size_t count_parameters(std::span<const std::size_t> widths) {
  std::size_t count = 0;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) count += (widths[l] + 1) * widths[l + 1];
  return count;
}

}  // namespace

Model::~Model() = default;

Result<std::unique_ptr<Model>> make_model(std::string_view words, std::size_t features,
                                          std::size_t classes) {
  fix_block_sizes();
  Result<std::vector<std::size_t>> hidden = parse_hidden_widths(words);
  if (!hidden) return hidden.error();
  if (features < 1 || features > kMaxFeatures) {
    return Error{fmt::format("{} features per sample: a model takes 1 to {}; use other data",
                             features, kMaxFeatures)};
  }
  if (classes < 2 || classes > kMaxClasses) {
    return Error{fmt::format("{} classes: a model tells 2 to {} apart; use other data", classes,
                             kMaxClasses)};
  }
  std::vector<std::size_t> widths = std::move(hidden).value();
  widths.insert(widths.begin(), features);
  widths.push_back(classes);
  const std::size_t parameters = count_parameters(widths);
  if (parameters > kMaxParameters) {
    return Error{
        fmt::format("--model {}: {} parameters on {} features and {} classes, at most {} "
                    "are possible; make the layers narrower",
                    words, parameters, features, classes, kMaxParameters)};
  }
  return std::unique_ptr<Model>(std::make_unique<Mlp>(widths));
}

std::string arithmetic_set() {
  // Eigen says "SSE, SSE2" or "AVX SSE, SSE2, ...".
  std::string sets;
  for (const char* c = Eigen::SimdInstructionSetsInUse(); *c != '\0'; ++c) {
    if (*c == ',') continue;
    sets += *c == ' ' ? '+' : static_cast<char>(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
  }
  return fmt::format("{}/eigen-{}.{}.{}-{}", PSEPHOS_ARCHITECTURE, EIGEN_WORLD_VERSION,
                     EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION, sets);
}

}  // namespace psephos
