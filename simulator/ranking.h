#pragma once
// Which point of a sweep's grid is best, by what was measured on the validation samples.

#include <cstdint>
#include <string>
#include <vector>

#include "simulator/sweep_table.h"

namespace psephos::simulator {

// Results of one point over its seeds. Means, and the lowest and highest of the seeds.
struct Score {
  std::size_t point = 0;
  std::uint32_t finished = 0;  // runs
  double accuracy = 0;
  double lowest = 0;
  double highest = 0;
  double loss = 0;
  std::string failure;  // of the first run that failed
};

// One score of `rows`, all of the same point; at least one.
Score make_score(const std::vector<SweepRow>& rows);

// A score per point that has rows, best first: by mean accuracy, then by the lower mean loss, then
// by place in the grid. A point with a failed run, or with fewer than `seeds` runs, comes after all
// that are whole: a mean over the lucky ones would flatter it.
std::vector<Score> rank(const std::vector<SweepRow>& rows, std::uint32_t seeds);

}  // namespace psephos::simulator
