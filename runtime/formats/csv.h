#pragma once
// Comma-separated values (RFC 4180), a line at a time: what our own tables (runtime/report) and a
// stranger's data (runtime/data) have in common.

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace psephos {

// A field as it is written: quoted where it holds a separator, a quote or a line end.
std::string csv_field(std::string_view text);

// The fields of one line. An error where quotes are not closed.
Result<std::vector<std::string>> split_csv_line(std::string_view line);
// The same into `fields`, whose memory is used again: for files of millions of lines.
Status split_csv_line(std::string_view line, std::vector<std::string>& fields);

}  // namespace psephos
