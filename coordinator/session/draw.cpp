#include "coordinator/session/draw.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace psephos::coordinator {

std::uint32_t draw_size(double fraction, std::uint32_t min_voters, std::uint32_t live) {
  // The small subtraction keeps 0.1 * 10, which is above 1 in binary, from asking two.
  const double share = std::ceil(fraction * live - 1e-9);
  return std::min(live, std::max(min_voters, static_cast<std::uint32_t>(share)));
}

std::vector<std::string> draw(const std::vector<std::string>& candidates, std::uint32_t count,
                              PhiloxKey run_key, std::uint32_t round, std::uint32_t attempt) {
  std::vector<std::uint32_t> order(candidates.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto n = static_cast<std::uint32_t>(order.size());
  count = std::min(count, n);
  std::vector<std::string> drawn;
  drawn.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t index = (std::uint64_t{attempt} << 32) | i;
    const std::uint32_t j = i + below(philox_word(run_key, round, Purpose::kDraw, index), n - i);
    std::swap(order[i], order[j]);
    drawn.push_back(candidates[order[i]]);
  }
  return drawn;
}

}  // namespace psephos::coordinator
