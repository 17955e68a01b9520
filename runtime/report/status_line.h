#pragma once
// The line on stderr that says how far a program is. On a terminal it is redrawn in place and what
// else is written scrolls above it; piped, each is a plain line. What it says, and how often, is
// its owner's to decide. Not thread-safe.

#include <cstddef>
#include <string>
#include <string_view>

namespace psephos {

// Is stderr a terminal?
bool stderr_is_terminal();

class StatusLine {
 public:
  // `interactive`: is stderr a terminal.
  explicit StatusLine(bool interactive) : interactive_(interactive) {}

  bool interactive() const { return interactive_; }
  // It stands on the terminal, and the cursor on it.
  bool is_open() const { return open_; }
  // Columns for it; without bound where piped.
  std::size_t width() const;

  // Replaces the line. On a terminal what does not fit into width() is cut off.
  void show(std::string_view text);
  // A line of its own, for good. Control characters, which a peer's text may carry, become '?'.
  void log(std::string_view line);
  // What follows starts on a line of its own.
  void end();

 private:
  const bool interactive_;
  bool open_ = false;
  std::string shown_;
};

}  // namespace psephos
