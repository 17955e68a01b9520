#include "simulator/ranking.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "runtime/base/check.h"

namespace psephos::simulator {

Score make_score(const std::vector<SweepRow>& rows) {
  PSEPHOS_CHECK(!rows.empty(), "a score is of some run");
  Score score;
  score.point = rows.front().point;
  for (const SweepRow& row : rows) {
    if (!row.failure.empty()) {
      if (score.failure.empty()) score.failure = row.failure;
      continue;
    }
    score.lowest = score.finished == 0 ? row.accuracy : std::min(score.lowest, row.accuracy);
    score.highest = std::max(score.highest, row.accuracy);
    score.accuracy += row.accuracy;
    score.loss += row.loss;
    ++score.finished;
  }
  if (score.finished > 0) {
    score.accuracy /= score.finished;
    score.loss /= score.finished;
  }
  return score;
}

std::vector<Score> rank(const std::vector<SweepRow>& rows, std::uint32_t seeds) {
  std::map<std::size_t, std::vector<SweepRow>> by_point;
  for (const SweepRow& row : rows) by_point[row.point].push_back(row);
  std::vector<Score> scores;
  for (auto& [point, its_rows] : by_point) {
    // Runs end in any order; a sum of floating-point numbers has one.
    std::ranges::sort(its_rows, {}, &SweepRow::seed);
    scores.push_back(make_score(its_rows));
  }
  std::ranges::sort(scores, {}, [seeds](const Score& score) {
    const bool whole = score.failure.empty() && score.finished >= seeds;
    return std::tuple(!whole, score.finished == 0, -score.accuracy, score.loss, score.point);
  });
  return scores;
}

}  // namespace psephos::simulator
