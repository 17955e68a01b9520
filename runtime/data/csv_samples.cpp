#include "runtime/data/csv_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <xtensor/xadapt.hpp>

#include "runtime/formats/csv.h"
#include "runtime/formats/line_reader.h"

namespace psephos {
namespace {

using Fields = std::vector<std::string>;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

// "nan" and "inf" are numbers here, as they are to whoever writes them.
std::optional<double> number_in(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (stop != end || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
  if (error != std::errc{}) return std::nullopt;
  return value;
}

bool is_byte(double value) { return value >= 0 && value <= 255 && value == std::floor(value); }

// A stranger's text in a sentence of ours.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string printable(text.substr(0, kMost));
  for (char& c : printable) {
    if (static_cast<unsigned char>(c) < ' ') c = '?';
  }
  return text.size() > kMost ? printable + "..." : printable;
}

bool names_columns(const Fields& first_line) {
  return std::ranges::any_of(first_line, [](const std::string& field) {
    const std::string_view text = trimmed(field);
    return !text.empty() && !number_in(text);
  });
}

// Values row by row: bytes for as long as all of them are.
class GrowingTable {
 public:
  void add(double value) {
    if (floats_.empty() && is_byte(value)) {
      bytes_.push_back(static_cast<std::uint8_t>(value));
      return;
    }
    if (floats_.empty()) {
      floats_.assign(bytes_.begin(), bytes_.end());
      bytes_ = {};
    }
    floats_.push_back(static_cast<float>(value));
  }

  FeatureTable finish(std::size_t columns) && {
    if (floats_.empty()) return FeatureTable(as_table(bytes_, columns));
    return FeatureTable(as_table(floats_, columns));
  }

 private:
  template <class T>
  static xt::xtensor<T, 2> as_table(const std::vector<T>& values, std::size_t columns) {
    return xt::adapt(values, std::array<std::size_t, 2>{values.size() / columns, columns});
  }

  std::vector<std::uint8_t> bytes_;
  std::vector<float> floats_;
};

class CsvSamplesReader {
 public:
  CsvSamplesReader(InputFile file, std::string_view label_column)
      : lines_(std::move(file), kMaxCsvLineBytes), label_column_(label_column) {}

  Result<Samples> read() {
    const Result<bool> first = next_row();
    if (!first) return first.error();
    if (!*first) return no_samples();
    if (const Status known = settle_columns(); !known) return known.error();
    if (names_.empty()) {
      if (const Status added = add_row(); !added) return added.error();
    }
    for (;;) {
      const Result<bool> more = next_row();
      if (!more) return more.error();
      if (!*more) break;
      if (const Status added = add_row(); !added) return added.error();
    }
    if (labels_.empty()) return no_samples();
    const std::array<std::size_t, 1> shape{labels_.size()};
    return Samples{std::move(features_).finish(width_ - 1), xt::adapt(labels_, shape)};
  }

 private:
  // The next line that is not blank, in fields_; false at the end.
  Result<bool> next_row() {
    for (;;) {
      const auto line = lines_.next();
      if (!line) return line.error();
      if (!*line) return false;
      if (trimmed(**line).empty()) continue;
      if (const Status split = split_csv_line(**line, fields_); !split) {
        return Error{fmt::format("{}: {}; a field may not go on in the next line", lines_.where(),
                                 split.error().text)};
      }
      return true;
    }
  }

  Error no_samples() const {
    return Error{fmt::format("{}: holds no samples; use other data", lines_.name())};
  }

  // What the first line tells: the width, perhaps names, and where the labels are.
  Status settle_columns() {
    width_ = fields_.size();
    if (width_ < 2) {
      return Error{fmt::format(
          "{}: has one column only; wanted are labels and features with commas between them",
          lines_.where())};
    }
    if (width_ > kMaxCsvColumns) {
      return Error{
          fmt::format("{}: has more than {} columns; use fewer", lines_.where(), kMaxCsvColumns)};
    }
    if (names_columns(fields_)) {
      for (const std::string& field : fields_) names_.emplace_back(trimmed(field));
      const auto count = std::ranges::count(names_, label_column_);
      if (count > 1) {
        return Error{
            fmt::format("{}: {} columns have the name {}; give the column's number, "
                        "counted from 1",
                        lines_.where(), count, shown(label_column_))};
      }
      if (count == 1) {
        label_ =
            static_cast<std::size_t>(std::ranges::find(names_, label_column_) - names_.begin());
        return Ok{};
      }
    }
    return settle_label_number();
  }

  Status settle_label_number() {
    std::size_t number = 0;
    const char* const end = label_column_.data() + label_column_.size();
    const auto [stop, error] = std::from_chars(label_column_.data(), end, number);
    if (error == std::errc{} && stop == end && number >= 1 && number <= width_) {
      label_ = number - 1;
      return Ok{};
    }
    if (names_.empty()) {
      return Error{
          fmt::format("{}: has no line of column names and {} columns, so the labels' "
                      "column cannot be {}; give its number, counted from 1",
                      lines_.name(), width_, shown(label_column_))};
    }
    return Error{fmt::format("{}: no column has the name {}; there are {}", lines_.where(),
                             shown(label_column_), some_names())};
  }

  std::string some_names() const {
    constexpr std::size_t kMost = 8;
    std::string text;
    for (std::size_t i = 0; i < std::min(names_.size(), kMost); ++i) {
      text += (i == 0 ? "" : ", ") + shown(names_[i]);
    }
    return names_.size() > kMost ? fmt::format("{} and {} more", text, names_.size() - kMost)
                                 : text;
  }

  Status add_row() {
    if (fields_.size() != width_) {
      return Error{
          fmt::format("{}: has {} fields where the first line has {}; every row needs all "
                      "columns",
                      lines_.where(), fields_.size(), width_)};
    }
    if (labels_.size() == kMaxCsvRows) {
      return Error{fmt::format("{}: is beyond {} samples; use fewer", lines_.where(), kMaxCsvRows)};
    }
    for (std::size_t column = 0; column < width_; ++column) {
      const Status added = column == label_ ? add_label() : add_feature(column);
      if (!added) return added;
    }
    return Ok{};
  }

  Status add_label() {
    const std::string_view text = trimmed(fields_[label_]);
    const auto value = number_in(text);
    if (!value || !is_byte(*value)) {
      return Error{
          fmt::format("{}: \"{}\" is no label; labels are whole numbers from 0 to 255, "
                      "number the classes from 0",
                      place(label_), shown(text))};
    }
    labels_.push_back(static_cast<std::uint8_t>(*value));
    return Ok{};
  }

  Status add_feature(std::size_t column) {
    const std::string_view text = trimmed(fields_[column]);
    const auto value = number_in(text);
    if (value && std::abs(*value) <= std::numeric_limits<float>::max()) {
      features_.add(*value);
      return Ok{};
    }
    if (text.empty()) {
      return Error{fmt::format("{}: is empty; fill the gap, or leave the row or the column away",
                               place(column))};
    }
    return Error{
        fmt::format("{}: \"{}\" is no number to compute with; replace it, or leave the "
                    "row or the column away",
                    place(column), shown(text))};
  }

  // "data/irises.csv, line 17, column 3 (petal_width)"
  std::string place(std::size_t column) const {
    std::string text = fmt::format("{}, column {}", lines_.where(), column + 1);
    return names_.empty() ? text : text + fmt::format(" ({})", shown(names_[column]));
  }

  LineReader lines_;
  std::string_view label_column_;
  Fields fields_;  // of the current line
  Fields names_;   // empty where the first line names no columns
  std::size_t width_ = 0;
  std::size_t label_ = 0;
  GrowingTable features_;
  std::vector<std::uint8_t> labels_;
};

}  // namespace

Result<Samples> read_csv_samples(const std::filesystem::path& path,
                                 std::string_view label_column) try {
  Result<InputFile> file = InputFile::open(path);
  if (!file) return file.error();
  if (file->size() > kMaxCsvBytes) {
    return Error{
        fmt::format("{}: is larger than {} bytes; use a part of it", path.string(), kMaxCsvBytes)};
  }
  return CsvSamplesReader(std::move(*file), label_column).read();
} catch (const std::bad_alloc&) {
  return Error{fmt::format("{}: does not fit into this machine's memory", path.string())};
}

}  // namespace psephos
