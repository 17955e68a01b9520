#pragma once
// The lines of a stranger's text file, one at a time and bounded: a file of any size is read in the
// memory of its longest line.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/formats/input_file.h"

namespace psephos {

class LineReader {
 public:
  LineReader(InputFile file, std::size_t most_line_bytes);

  // The next line without its end (LF or CRLF), valid until the next call; none at the end of the
  // file. A last line needs no end, and the byte order mark that some programs put before the first
  // is left out. An error where a line is longer than `most_line_bytes`.
  Result<std::optional<std::string_view>> next();

  // "data/irises.csv, line 17": of the line that was read last, for a sentence.
  std::string where() const;
  std::string name() const { return file_.name(); }
  std::uint64_t file_bytes() const { return file_.size(); }

 private:
  Status refill();

  InputFile file_;
  std::size_t most_line_bytes_;
  std::vector<std::uint8_t> buffer_;  // [begin_, end_) is read and not yet given out
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool ended_ = false;  // nothing is left in the file
  std::uint64_t line_ = 0;
};

}  // namespace psephos
