#pragma once
// Timing that other work on the machine disturbs least: what is compared is run in turn, so that
// all suffer alike, and the best of each counts, because a disturbance never makes a loop faster.

#include <functional>
#include <span>
#include <vector>

namespace psephos::bench {

// The least seconds that one call of each takes, of `repeats` turns. A call shorter than a clock
// can tell is repeated within its turn. Each is called once before, to fetch its memory.
std::vector<double> best_seconds(std::span<const std::function<void()>> contestants, int repeats);

}  // namespace psephos::bench
