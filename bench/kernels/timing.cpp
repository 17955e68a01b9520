#include "bench/kernels/timing.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

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

std::vector<double> best_seconds(std::span<const std::function<void()>> contestants, int repeats) {
  std::vector<std::uint64_t> calls;
  for (const auto& contestant : contestants) {
    contestant();
    const double once = std::max(seconds_of(contestant, 1), 1e-9);
    calls.push_back(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(kTurnSeconds / once)));
  }
  std::vector<double> best(contestants.size(), std::numeric_limits<double>::infinity());
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (std::size_t i = 0; i < contestants.size(); ++i) {
      best[i] = std::min(best[i], seconds_of(contestants[i], calls[i]));
    }
  }
  return best;
}

}  // namespace psephos::bench
