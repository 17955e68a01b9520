#include "runtime/formats/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace psephos {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

LineReader::LineReader(InputFile file, std::size_t most_line_bytes)
    : file_(std::move(file)), most_line_bytes_(most_line_bytes) {}

Result<std::optional<std::string_view>> LineReader::next() {
  ++line_;
  std::size_t searched = 0;
  for (;;) {
    const std::string_view text(reinterpret_cast<const char*>(buffer_.data()) + begin_,
                                end_ - begin_);
    const std::size_t found = text.find('\n', searched);
    std::string_view line = text.substr(0, found);
    if (line.size() > most_line_bytes_) {
      return Error{fmt::format("{}: is longer than {} bytes; is this the right file?", where(),
                               most_line_bytes_)};
    }
    if (found == std::string_view::npos && !ended_) {
      searched = text.size();
      if (const Status filled = refill(); !filled) return filled.error();
      continue;
    }
    if (found == std::string_view::npos && line.empty()) return std::optional<std::string_view>();
    begin_ += std::min(line.size() + 1, text.size());
    if (line_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
    if (line.ends_with('\r')) line.remove_suffix(1);
    return std::optional(line);
  }
}

std::string LineReader::where() const { return fmt::format("{}, line {}", name(), line_); }

// Moves what is left to the front and reads on behind it.
Status LineReader::refill() {
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  const std::size_t most = std::min<std::uint64_t>(kReadBytes, file_.size() + 1);
  buffer_.resize(end_ + most);
  const Result<std::size_t> got = file_.read_some(std::span(buffer_).subspan(end_));
  if (!got) return got.error();
  end_ += *got;
  ended_ = *got < most;
  return Ok{};
}

}  // namespace psephos
