#include "bench/kernels/timing.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace psephos::bench {
namespace {

// Long beside the clock's resolution and an interrupt, short beside a scheduler's time slice.
constexpr double kTurnSeconds = 0.0005;

double seconds_of(const std::function<void()>& contestant, std::uint64_t calls) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < calls; ++i) contestant();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return took.count() / static_cast<double>(calls);
}

}  // namespace

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 != 0) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

std::vector<Times> time_in_turn(std::span<const std::function<void()>> contestants, int repeats) {
  std::vector<std::uint64_t> calls;
  for (const auto& contestant : contestants) {
    contestant();
    const double once = std::max(seconds_of(contestant, 1), 1e-9);
    calls.push_back(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(kTurnSeconds / once)));
  }
  std::vector<std::vector<double>> seconds(contestants.size());
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (std::size_t i = 0; i < contestants.size(); ++i) {
      seconds[i].push_back(seconds_of(contestants[i], calls[i]));
    }
  }
  std::vector<Times> times;
  for (const std::vector<double>& one : seconds) {
    times.push_back({median_of(one), *std::ranges::min_element(one)});
  }
  return times;
}

}  // namespace psephos::bench
