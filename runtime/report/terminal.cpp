#include "runtime/report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "runtime/base/units.h"

namespace psephos {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kPlainLineSeconds = 10;

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
  if (evaluation && evaluation->clients_median) {
    fields.push_back({fmt::format("clients' accuracy {:.4f} (at {})",
                                  evaluation->clients_median->accuracy, evaluation->round),
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

Terminal::Terminal(bool interactive, bool quiet) : quiet_(quiet), line_(interactive) {}

void Terminal::log(std::string_view line) {
  const std::lock_guard lock(mutex_);
  line_.log(line);
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
  line_.end();
}

bool Terminal::due() const {
  if (line_.interactive()) return !line_.is_open() || now_s_ - shown_s_ >= kRedrawSeconds;
  return evaluation_pending_ || now_s_ - shown_s_ >= kPlainLineSeconds;
}

void Terminal::show() {
  line_.show(progress_line(*row_, evaluation_, rounds_, rounds_per_s(), line_.width()));
  shown_s_ = now_s_;
  stale_ = false;
  evaluation_pending_ = false;
}

double Terminal::rounds_per_s() const {
  const double seconds = now_s_ - first_s_;
  if (row_->round <= first_round_ || seconds <= 0) return 0;
  return static_cast<double>(row_->round - first_round_) / seconds;
}

}  // namespace psephos
