#pragma once
// Columns that line up on a terminal.

#include <cstddef>
#include <string>
#include <vector>

namespace psephos::simulator {

class TextTable {
 public:
  // `left`: how many of the columns hold words, and start at their left edge; the rest are numbers.
  // A last column of words comes after the numbers, and may be long.
  TextTable(std::vector<std::string> header, std::size_t left) : left_(left) {
    rows_.push_back(std::move(header));
  }

  // As many fields as the header. Control characters, which a foreign file may hold, become '?'.
  void add(std::vector<std::string> row);

  std::string text() const;

 private:
  std::size_t left_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace psephos::simulator
