#include "simulator/grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "runtime/report/config_values.h"

namespace psephos::simulator {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

Result<GridAxis> parse_axis(std::string_view word) {
  const std::size_t equals = std::min(word.find('='), word.size());
  std::string_view key = word.substr(0, equals);
  key.remove_prefix(std::min(key.find_first_not_of('-'), key.size()));
  const std::string_view values = word.substr(std::min(equals + 1, word.size()));
  if (key.empty() || values.empty()) {
    return Error{fmt::format("--grid: \"{}\" is not like lr=1e-4,1e-3", word)};
  }
  GridAxis axis;
  axis.key = key;
  axis.values = split(values, values.find(';') == std::string_view::npos ? ',' : ';');
  for (auto value = axis.values.begin(); value != axis.values.end(); ++value) {
    if (value->empty()) return Error{fmt::format("--grid: {} has an empty value", axis.key)};
    const bool again = std::any_of(axis.values.begin(), value, [&value](const std::string& other) {
      return same_value(other, *value);
    });
    if (again) return Error{fmt::format("--grid: {}={} is there twice", axis.key, *value)};
  }
  return axis;
}

}  // namespace

std::uint64_t Grid::points() const {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t product = 1;
  for (const GridAxis& axis : axes) {
    if (axis.values.size() > kMost / product) return kMost;
    product *= axis.values.size();
  }
  return product;
}

std::vector<std::string> Grid::point(std::size_t i) const {
  std::vector<std::string> values(axes.size());
  for (std::size_t axis = axes.size(); axis-- > 0;) {
    const std::size_t size = axes[axis].values.size();
    values[axis] = axes[axis].values[i % size];
    i /= size;
  }
  return values;
}

std::string Grid::in_words(std::size_t i) const {
  std::string words;
  const std::vector<std::string> values = point(i);
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    words += fmt::format("{}{}={}", axis == 0 ? "" : " ", axes[axis].key, values[axis]);
  }
  return words;
}

Result<Grid> parse_grid(std::string_view text) {
  Grid grid;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(kBlank, begin), text.size());
    auto axis = parse_axis(text.substr(begin, end - begin));
    if (!axis) return axis.error();
    if (std::ranges::find(grid.axes, axis->key, &GridAxis::key) != grid.axes.end()) {
      return Error{fmt::format("--grid: {} is there twice", axis->key)};
    }
    grid.axes.push_back(std::move(*axis));
    text.remove_prefix(end);
  }
  if (grid.axes.empty()) return Error{"--grid: is empty; it wants settings like lr=1e-4,1e-3"};
  return grid;
}

}  // namespace psephos::simulator
