#include "runtime/formats/csv.h"

namespace psephos {

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + '"';
}

Result<std::vector<std::string>> split_csv_line(std::string_view line) {
  std::vector<std::string> fields;
  if (const Status split = split_csv_line(line, fields); !split) return split.error();
  return fields;
}

Status split_csv_line(std::string_view line, std::vector<std::string>& fields) {
  std::size_t count = 0;
  const auto begin_field = [&fields, &count]() -> std::string* {
    if (count == fields.size()) fields.emplace_back();
    fields[count].clear();
    return &fields[count++];
  };
  std::string* field = begin_field();
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      field->push_back('"');
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      field = begin_field();
    } else {
      field->push_back(c);
    }
  }
  if (quoted) return Error{"a quote is not closed"};
  fields.resize(count);
  return Ok{};
}

}  // namespace psephos
