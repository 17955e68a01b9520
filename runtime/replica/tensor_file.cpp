#include "runtime/replica/tensor_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

// Its parser's errors are values, as ours are; and no library beside the program is needed.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "runtime/formats/text_file.h"
#include "runtime/signs/layout.h"

namespace psephos {
namespace {

constexpr std::string_view kExample =
    "[[tensor]] with name = \"w\", count = 400 (or shape = [16, 25]) and init_scale = 0.1";

// One file being read.
class TensorFile {
 public:
  explicit TensorFile(std::string name) : name_(std::move(name)) {}

  Result<TensorTable> read(const std::string& text) {
    const toml::parse_result parsed = toml::parse(std::string_view(text));
    if (!parsed) {
      return error(parsed.error().source().begin.line, std::string(parsed.error().description()));
    }
    for (const auto& [key, node] : parsed.table()) {
      const auto* tensors = node.as_array();
      if (key.str() != "tensor" || tensors == nullptr || !tensors->is_homogeneous<toml::table>()) {
        return error(node, fmt::format("'{}' has no place here: write a {} for every tensor",
                                       key.str(), kExample));
      }
      for (const toml::node& tensor : *tensors) {
        if (const Status added = add(*tensor.as_table()); !added) return added.error();
      }
    }
    if (table_.empty()) {
      return Error{fmt::format("{}: holds no tensor: write a {} for each", name_, kExample)};
    }
    return std::move(table_);
  }

 private:
  using Line = toml::source_index;

  // Names and keys are quoted as they stand in the file, which may hold anything.
  Error error(Line line, std::string text) const {
    std::ranges::replace_if(
        text, [](char c) { return c >= 0 && c < ' '; }, '?');
    return Error{fmt::format("{}:{}: {}", name_, line, text)};
  }
  Error error(const toml::node& at, const std::string& text) const {
    return error(at.source().begin.line, text);
  }

  Status add(const toml::table& tensor) {
    if (table_.size() == kMaxTensors) {
      return error(tensor, fmt::format("a model has at most {} tensors", kMaxTensors));
    }
    for (const auto& [key, value] : tensor) {
      constexpr std::string_view kKeys[] = {"name", "count", "shape", "init_scale"};
      if (std::ranges::find(kKeys, key.str()) == std::end(kKeys)) {
        return error(value, fmt::format("a tensor has no '{}': known are name, count, shape and "
                                        "init_scale",
                                        key.str()));
      }
    }
    TensorEntry entry;
    const auto name = tensor["name"].value_exact<std::string>();
    if (!name) return error(tensor, "this tensor has no name: write name = \"conv.weight\"");
    entry.name = *name;
    const auto same = std::ranges::find(table_, entry.name, &TensorEntry::name);
    if (same != table_.end()) {
      return error(tensor, fmt::format("the name '{}' stands twice: rename one", entry.name));
    }
    const Result<std::uint32_t> count = count_of(tensor, entry.name);
    if (!count) return count.error();
    entry.count = *count;
    const Result<float> scale = scale_of(tensor, entry.name);
    if (!scale) return scale.error();
    entry.init_scale = *scale;

    const std::size_t before = parameter_count(table_);
    if (entry.count > kMaxParameters - before) {
      return error(tensor, fmt::format("with tensor '{}' the model has {} parameters: at most {} "
                                       "are possible",
                                       entry.name, before + entry.count, kMaxParameters));
    }
    entry.offset = static_cast<std::uint32_t>(before);
    table_.push_back(std::move(entry));
    if (const Status good = check_tensor_table(table_, kMaxParameters); !good) {
      return error(tensor, good.error().text);
    }
    return Ok{};
  }

  // count, or the product of shape; at most kMaxParameters.
  Result<std::uint32_t> count_of(const toml::table& tensor, const std::string& name) const {
    const toml::node* count = tensor.get("count");
    const toml::node* shape = tensor.get("shape");
    if ((count == nullptr) == (shape == nullptr)) {
      return error(tensor,
                   fmt::format("tensor '{}' needs either count = 400 or shape = [16, 25]", name));
    }
    if (count != nullptr) return size_of(*count, name);
    const toml::array* sides = shape->as_array();
    if (sides == nullptr) {
      return error(*shape, fmt::format("the shape of tensor '{}' is a list of its sides: write "
                                       "shape = [16, 25]",
                                       name));
    }
    std::uint64_t product = 1;
    for (const toml::node& side : *sides) {
      const Result<std::uint32_t> size = size_of(side, name);
      if (!size) return size.error();
      product *= *size;
      if (product > kMaxParameters) {
        return error(*shape, fmt::format("tensor '{}' is too large: a model has at most {} "
                                         "parameters",
                                         name, kMaxParameters));
      }
    }
    return static_cast<std::uint32_t>(product);
  }

  // A whole number from 1 to kMaxParameters.
  Result<std::uint32_t> size_of(const toml::node& node, const std::string& name) const {
    const auto number = node.value_exact<std::int64_t>();
    constexpr auto kMost = static_cast<std::int64_t>(kMaxParameters);
    if (!number || *number < 1 || *number > kMost) {
      return error(node, fmt::format("the size of tensor '{}' must be whole numbers from 1 to {}",
                                     name, kMaxParameters));
    }
    return static_cast<std::uint32_t>(*number);
  }

  Result<float> scale_of(const toml::table& tensor, const std::string& name) const {
    const toml::node* node = tensor.get("init_scale");
    if (node == nullptr) {
      return error(tensor, fmt::format("tensor '{}' has no init_scale: say how far from 0 its "
                                       "first values may lie, e.g. init_scale = 0.1, or 0",
                                       name));
    }
    const auto number = node->is_number() ? node->value<double>() : std::nullopt;
    if (!number || !(*number >= 0 && *number <= double{std::numeric_limits<float>::max()})) {
      return error(*node,
                   fmt::format("init_scale of tensor '{}' must be a number, 0 or above", name));
    }
    return static_cast<float>(*number);
  }

  std::string name_;
  TensorTable table_;
};

}  // namespace

Result<TensorTable> read_tensor_file(const std::filesystem::path& path) {
  const Result<std::string> text = read_text_file(path, kMaxTensorFileBytes);
  if (!text) return text.error();
  return TensorFile(path.string()).read(*text);
}

}  // namespace psephos
