#include "runtime/report/status_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>

namespace psephos {
namespace {

constexpr std::size_t kDefaultWidth = 80;
constexpr std::string_view kEraseLine = "\r\x1b[K";

// One write per call: lines of several processes on one terminal don't tear.
void write_stderr(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::string without_controls(std::string_view text) {
  std::string plain(text);
  std::ranges::replace_if(
      plain,
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
      },
      '?');
  return plain;
}

// At most `most` bytes, and no half of a UTF-8 character.
std::string_view beginning(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return text.substr(0, most);
}

}  // namespace

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

// Less one: a full last column wraps on some terminals.
std::size_t StatusLine::width() const {
  if (!interactive_) return std::numeric_limits<std::size_t>::max();
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultWidth - 1;
  return std::max<std::size_t>(size.ws_col, 2) - 1;
}

void StatusLine::show(std::string_view text) {
  const std::string plain = without_controls(text);
  shown_ = beginning(plain, width());
  write_stderr(interactive_ ? std::string(kEraseLine) + shown_ : shown_ + "\n");
  open_ = interactive_;
}

void StatusLine::log(std::string_view line) {
  const std::string text = without_controls(line) + "\n";
  if (!open_) return write_stderr(text);
  write_stderr(std::string(kEraseLine) + text + std::string(kEraseLine) + shown_);
}

void StatusLine::end() {
  if (open_) write_stderr("\n");
  open_ = false;
}

}  // namespace psephos
