#include "runtime/report/csv_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

namespace psephos {

CsvReader::CsvReader(std::filesystem::path path, std::vector<std::string> columns)
    : path_(std::move(path)), columns_(std::move(columns)), file_(path_, std::ios::binary) {}

Result<CsvReader> CsvReader::open(const std::filesystem::path& path,
                                  std::vector<std::string> columns) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return Error{fmt::format("{} is no file", path.string())};  // a pipe would be waited for
  }
  CsvReader reader(path, std::move(columns));
  if (!reader.file_) return Error{fmt::format("{} cannot be read", path.string())};
  const auto header = reader.read_line();
  if (!header) return header.error();
  const auto names = split_csv_line(reader.line_);
  if (!*header || !names) return Error{path.string() + " has no header line"};
  reader.width_ = names->size();
  for (const std::string& column : reader.columns_) {
    const auto found = std::ranges::find(*names, column);
    if (found == names->end()) {
      return Error{fmt::format("{} has no column {}", path.string(), column)};
    }
    reader.places_.push_back(static_cast<std::size_t>(found - names->begin()));
  }
  return reader;
}

Result<bool> CsvReader::next() {
  const auto got = read_line();
  if (!got || !*got) return got;
  auto fields = split_csv_line(line_);
  if (!fields) return Error{fmt::format("{}: {}", where(), fields.error().text)};
  if (fields->size() != width_) {
    return Error{fmt::format("{}: has {} fields, the header {}", where(), fields->size(), width_)};
  }
  fields_ = std::move(*fields);
  return true;
}

Result<double> CsvReader::number(std::size_t i) const {
  const std::string& field = text(i);
  if (field.empty()) return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const char* const end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, value);
  if (error == std::errc() && stop == end) return value;
  return Error{
      fmt::format("{}: {} is not a number: \"{}\"", where(), columns_[i], field.substr(0, 40))};
}

std::string CsvReader::where() const {
  return fmt::format("{}, line {}", path_.string(), line_number_);
}

// False where no whole line is left.
Result<bool> CsvReader::read_line() {
  line_.resize(kMostLineBytes + 1);
  ++line_number_;
  file_.getline(line_.data(), static_cast<std::streamsize>(line_.size()));
  if (file_.eof()) return false;
  if (file_.bad()) return Error{fmt::format("{} cannot be read", path_.string())};
  if (!file_) return Error{fmt::format("{}: is longer than {} bytes", where(), kMostLineBytes)};
  line_.resize(static_cast<std::size_t>(file_.gcount()) - 1);  // the line end was counted
  return true;
}

}  // namespace psephos
