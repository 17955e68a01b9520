#include "runtime/report/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <vector>

#include "runtime/base/units.h"

namespace psephos {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kPlainLineSeconds = 10;
constexpr std::size_t kDefaultWidth = 80;
constexpr std::string_view kEraseLine = "\r\x1b[K";

// One write per call: lines of several processes on one terminal don't tear.
void write_stderr(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

// Columns of the terminal, less one: a full last column wraps on some.
std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultWidth - 1;
  return std::max<std::size_t>(size.ws_col, 2) - 1;
}

struct Field {
  std::string text;
  int rank;  // the highest leaves first; rank 0 stays
};

std::string join(const std::vector<Field>& fields) {
  std::string line;
  for (const Field& field : fields) {
    if (!line.empty()) line += "  ";
    line += field.text;
  }
  return line;
}

std::string describe_rate(double rounds_per_s) {
  return fmt::format("{:.{}f} rounds/s", rounds_per_s, rounds_per_s < 10 ? 2 : 0);
}

std::vector<Field> all_fields(const RoundRow& row, const std::optional<EvaluationRow>& evaluation,
                              std::uint32_t rounds, double rounds_per_s) {
  std::vector<Field> fields;
  fields.push_back({fmt::format("round {}/{}", row.round, rounds), 0});
  fields.push_back({fmt::format("loss {:.3f}", row.train_loss), 2});
  if (evaluation && evaluation->held_out) {
    fields.push_back(
        {fmt::format("accuracy {:.4f} (at {})", evaluation->held_out->accuracy, evaluation->round),
         1});
  }
  if (evaluation && evaluation->clients_mean) {
    fields.push_back({fmt::format("clients' accuracy {:.4f} (at {})",
                                  evaluation->clients_mean->accuracy, evaluation->round),
                      evaluation->held_out ? 6 : 1});
  }
  fields.push_back({fmt::format("voters {}/{}", row.voters, row.expected), 5});
  fields.push_back({fmt::format("abstained {:.1f} %", 100 * row.abstained), 8});
  fields.push_back({fmt::format("up {}", format_bytes(row.bytes_up)), 7});
  fields.push_back({fmt::format("down {}", format_bytes(row.bytes_down)), 7});
  if (rounds_per_s > 0) {
    fields.push_back({describe_rate(rounds_per_s), 4});
    if (row.round < rounds) {
      const double left_s = static_cast<double>(rounds - row.round) / rounds_per_s;
      fields.push_back({format_duration(left_s) + " left", 3});
    }
  }
  return fields;
}

}  // namespace

std::string progress_line(const RoundRow& row, const std::optional<EvaluationRow>& evaluation,
                          std::uint32_t rounds, double rounds_per_s, std::size_t width) {
  std::vector<Field> fields = all_fields(row, evaluation, rounds, rounds_per_s);
  std::string line = join(fields);
  while (line.size() > width && fields.size() > 1) {
    const int worst = std::ranges::max(fields, {}, &Field::rank).rank;
    std::erase_if(fields, [worst](const Field& field) { return field.rank == worst; });
    line = join(fields);
  }
  return line.substr(0, width);
}

Terminal::Terminal(bool interactive, bool quiet) : interactive_(interactive), quiet_(quiet) {}

void Terminal::log(std::string_view line) {
  std::string text;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(byte < 0x20 || byte == 0x7f ? '?' : c);
  }
  text.push_back('\n');

  const std::lock_guard lock(mutex_);
  if (!line_open_) return write_stderr(text);
  write_stderr(std::string(kEraseLine) + text);
  line_open_ = false;
  show();
}

void Terminal::progress(const RoundRow& row, std::uint32_t rounds, double wall_seconds) {
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  if (!row_) {
    first_round_ = row.round;
    first_s_ = wall_seconds;
  }
  row_ = row;
  rounds_ = rounds;
  now_s_ = wall_seconds;
  stale_ = true;
  if (due()) show();
}

void Terminal::evaluation(const EvaluationRow& row, std::uint32_t rounds, double wall_seconds) {
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  evaluation_ = row;
  rounds_ = rounds;
  now_s_ = wall_seconds;
  stale_ = true;
  evaluation_pending_ = true;
  if (row_ && due()) show();
}

void Terminal::finish() {
  const std::lock_guard lock(mutex_);
  if (row_ && stale_) show();
  if (line_open_) write_stderr("\n");
  line_open_ = false;
}

bool Terminal::due() const {
  if (interactive_) return !line_open_ || now_s_ - shown_s_ >= kRedrawSeconds;
  return evaluation_pending_ || now_s_ - shown_s_ >= kPlainLineSeconds;
}

void Terminal::show() {
  const std::size_t width =
      interactive_ ? terminal_width() : std::numeric_limits<std::size_t>::max();
  const std::string line = progress_line(*row_, evaluation_, rounds_, rounds_per_s(), width);
  if (interactive_) {
    write_stderr(std::string(kEraseLine) + line);
  } else {
    write_stderr(line + "\n");
  }
  line_open_ = interactive_;
  shown_s_ = now_s_;
  stale_ = false;
  evaluation_pending_ = false;
}

double Terminal::rounds_per_s() const {
  const double seconds = now_s_ - first_s_;
  if (row_->round <= first_round_ || seconds <= 0) return 0;
  return static_cast<double>(row_->round - first_round_) / seconds;
}

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

}  // namespace psephos
