#pragma once
// Samples from one table of comma-separated values, such as pandas or a spreadsheet writes: a row
// per sample, one column of labels, all others features.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/data/dataset.h"

namespace psephos {

inline constexpr std::uint64_t kMaxCsvBytes = std::uint64_t{4} << 30;  // of the file
inline constexpr std::size_t kMaxCsvLineBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxCsvColumns = 65'536;
inline constexpr std::size_t kMaxCsvRows = 50'000'000;

// Reads row by row. The first line names the columns if some field of it is neither empty nor a
// number; `label_column` is such a name or, where there is none of that name, a number counted from
// 1. Labels are whole numbers in 0..255, features are finite numbers: kept as bytes if all of them
// are whole numbers in 0..255, else as floats. Blank lines are passed over. Fields may be quoted
// (RFC 4180), but hold no line ends. Errors name file, line and column, and say what to do.
Result<Samples> read_csv_samples(const std::filesystem::path& path, std::string_view label_column);

}  // namespace psephos
