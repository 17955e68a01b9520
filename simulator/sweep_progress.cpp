#include "simulator/sweep_progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/units.h"
#include "simulator/ranking.h"

namespace psephos::simulator {
namespace {

constexpr double kRedrawSeconds = 0.2;
constexpr double kPlainLineSeconds = 10;

std::string so_far(const Grid& grid, const std::vector<SweepRow>& rows) {
  const auto failed =
      std::ranges::count_if(rows, [](const SweepRow& row) { return !row.failure.empty(); });
  std::string text = failed == 0 ? "" : fmt::format("  {} failed", failed);
  const std::vector<Score> ranking = rank(rows, 1);
  if (ranking.empty() || ranking.front().finished == 0) return text;
  return text + fmt::format("  best so far {:.4f} ({})", ranking.front().accuracy,
                            grid.in_words(ranking.front().point));
}

}  // namespace

std::string sweep_line(const SweepProgress& progress, const Grid& grid,
                       const std::vector<SweepRow>& rows, double seconds) {
  const bool of_grid = progress.phase == SweepPhase::kGrid;
  std::string text =
      fmt::format("{} {}/{}", of_grid ? "run" : "test run", progress.done, progress.total);
  if (of_grid) text += so_far(grid, rows);
  const std::uint64_t here = progress.done - progress.started_with;
  if (here == 0 || progress.done == progress.total) return text;
  const double left_s =
      seconds / static_cast<double>(here) * static_cast<double>(progress.total - progress.done);
  return text + fmt::format("  {} left", format_duration(left_s));
}

void SweepProgressLine::show(const SweepProgress& progress, double now_s) {
  if (progress.phase != phase_ || !started_s_) {
    finish();
    phase_ = progress.phase;
    started_s_ = now_s;
  }
  if (!due(progress, now_s)) return;
  shown_s_ = now_s;
  shown_done_ = progress.done;
  line_.show(sweep_line(progress, grid_, table_.rows(), now_s - *started_s_));
}

void SweepProgressLine::finish() {
  line_.end();
  shown_s_.reset();
  shown_done_.reset();
}

bool SweepProgressLine::due(const SweepProgress& progress, double now_s) const {
  const bool news = progress.done != shown_done_;
  if (!news && !line_.interactive()) return false;
  if (news && progress.done == progress.total) return true;
  const double pause_s = line_.interactive() ? kRedrawSeconds : kPlainLineSeconds;
  return !shown_s_ || now_s - *shown_s_ >= pause_s;
}

}  // namespace psephos::simulator
