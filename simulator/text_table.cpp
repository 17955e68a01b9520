#include "simulator/text_table.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"

namespace psephos::simulator {
namespace {

// Characters of UTF-8.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

void TextTable::add(std::vector<std::string> row) {
  PSEPHOS_CHECK(row.size() == rows_.front().size(), "a row has as many fields as the header");
  for (std::string& field : row) {
    for (char& c : field) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7f) c = '?';
    }
  }
  rows_.push_back(std::move(row));
}

std::string TextTable::text() const {
  const std::size_t columns = rows_.front().size();
  std::vector<std::size_t> widths(columns, 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < columns; ++i) {
      const std::string gap(widths[i] - width_of(row[i]), ' ');
      const bool words = i < left_ || i + 1 == columns;
      if (i > 0) line += "  ";
      line += words ? row[i] + gap : gap + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace psephos::simulator
