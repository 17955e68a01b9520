#include "runtime/replica/tensor_table.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace psephos {
namespace {

bool printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Status check_tensor(const TensorEntry& tensor, std::uint64_t expected_offset) {
  if (tensor.name.empty() || tensor.name.size() > kMaxTensorName || !printable(tensor.name)) {
    return Error{
        fmt::format("a tensor's name must be 1 to {} printable characters", kMaxTensorName)};
  }
  if (tensor.count == 0) {
    return Error{fmt::format("tensor '{}' is empty: give every tensor a parameter", tensor.name)};
  }
  if (tensor.offset != expected_offset) {
    return Error{fmt::format(
        "tensor '{}' begins at parameter {} and must begin at {}, where the one before it ends",
        tensor.name, tensor.offset, expected_offset)};
  }
  if (!std::isfinite(tensor.init_scale) || tensor.init_scale < 0) {
    return Error{fmt::format("tensor '{}' must have a finite initial scale >= 0", tensor.name)};
  }
  return Ok{};
}

std::string in_words(const TensorTable& table, std::size_t i) {
  if (i >= table.size()) return "missing";
  const TensorEntry& tensor = table[i];
  return fmt::format("'{}' ({} parameter{}, init_scale {})", tensor.name, tensor.count,
                     tensor.count == 1 ? "" : "s", tensor.init_scale);
}

}  // namespace

std::size_t parameter_count(const TensorTable& table) {
  if (table.empty()) return 0;
  return std::size_t{table.back().offset} + table.back().count;
}

Status check_tensor_table(const TensorTable& table, std::size_t max_parameters) {
  if (table.empty() || table.size() > kMaxTensors) {
    return Error{
        fmt::format("a model of {} tensors: it must have 1 to {}", table.size(), kMaxTensors)};
  }
  std::uint64_t end = 0;
  for (const TensorEntry& tensor : table) {
    if (Status status = check_tensor(tensor, end); !status) return status;
    end += tensor.count;
  }
  if (end > max_parameters) {
    return Error{fmt::format(
        "a model of {} parameters, at most {} are accepted: choose a smaller model or raise "
        "--max-parameters",
        end, max_parameters)};
  }
  return Ok{};
}

std::string describe_difference(const TensorTable& here, const TensorTable& there) {
  const auto i = static_cast<std::size_t>(std::ranges::mismatch(here, there).in1 - here.begin());
  return fmt::format("tensor {} is {} here and {} there", i + 1, in_words(here, i),
                     in_words(there, i));
}

std::uint64_t tensors_hash(const TensorTable& tensors) {
  std::string text;
  for (const TensorEntry& tensor : tensors) {
    text += fmt::format("{} {} {} {}\n", tensor.name, tensor.offset, tensor.count,
                        std::bit_cast<std::uint32_t>(tensor.init_scale));
  }
  return XXH3_64bits(text.data(), text.size());
}

}  // namespace psephos
