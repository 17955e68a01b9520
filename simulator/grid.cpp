#include "simulator/grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>
#include <system_error>

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

std::optional<double> as_number(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool same_value(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto number_a = as_number(a);
  return number_a && number_a == as_number(b);
}

Result<GridAxis> parse_axis(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == word.size()) {
    return Error{fmt::format("--grid: \"{}\" is not like lr=1e-4,1e-3", word)};
  }
  GridAxis axis;
  std::string_view key = word.substr(0, equals);
  key.remove_prefix(std::min(key.find_first_not_of('-'), key.size()));
  axis.key = key;
  const std::string_view values = word.substr(equals + 1);
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

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
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

std::string nearest_name(std::string_view word, const std::vector<std::string>& names) {
  const std::size_t far = std::max<std::size_t>(2, word.size() / 2) + 1;
  std::size_t least = far;
  std::string nearest;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(word, name);
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

}  // namespace psephos::simulator
