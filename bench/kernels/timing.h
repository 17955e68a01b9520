#pragma once
// Timing that other work on the machine disturbs least: what is compared is run in turn, so that
// all suffer alike.

#include <functional>
#include <span>
#include <vector>

namespace psephos::bench {

// Seconds of one call.
struct Times {
  double median = 0;  // what a user may expect
  double least = 0;   // what the machine can do: a disturbance never makes a loop faster
};

// The median of an odd or even number of values, at least one.
double median_of(std::vector<double> values);

// Of `repeats` turns of each, at least one. A call shorter than a clock can tell is repeated within
// its turn. Each is called once before, to fetch its memory.
std::vector<Times> time_in_turn(std::span<const std::function<void()>> contestants, int repeats);

}  // namespace psephos::bench
