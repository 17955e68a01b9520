#pragma once
// Our own tables (metrics.csv and its like): RFC 4180, a header line, a line per row. Not for
// tables of strangers: what is not as we write it is an error.

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/formats/csv.h"

namespace psephos {

// Row by row, so that a table may be longer than memory.
class CsvReader {
 public:
  static constexpr std::size_t kMostLineBytes = 65'535;

  // `columns`: those that are wanted, each in the header once. Errors name the file.
  static Result<CsvReader> open(const std::filesystem::path& path,
                                std::vector<std::string> columns);

  // The next row; false at the end. A last line without its end was being written when the power
  // went: it is no row.
  Result<bool> next();

  // Of the current row, `i` counting `columns`.
  const std::string& text(std::size_t i) const { return fields_[places_[i]]; }
  // An empty field is NaN.
  Result<double> number(std::size_t i) const;

  // "DIR/metrics.csv, line 17": for a sentence about the current row.
  std::string where() const;

 private:
  CsvReader(std::filesystem::path path, std::vector<std::string> columns);
  Result<bool> read_line();

  std::filesystem::path path_;
  std::vector<std::string> columns_;
  std::vector<std::size_t> places_;  // of the columns in a row
  std::size_t width_ = 0;            // fields of a row
  std::ifstream file_;
  std::string line_;
  std::size_t line_number_ = 0;
  std::vector<std::string> fields_;
};

}  // namespace psephos
