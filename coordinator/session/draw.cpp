#include "coordinator/session/draw.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace psephos::coordinator {

std::uint32_t draw_size(double fraction, std::uint32_t min_voters, std::uint32_t live) {
  // The small subtraction keeps 0.1 * 10, which is above 1 in binary, from asking two.
  const double share = std::ceil(fraction * live - 1e-9);
  return std::min(live, std::max(min_voters, static_cast<std::uint32_t>(share)));
}

std::vector<std::uint32_t> draw(std::uint32_t candidates, std::uint32_t count, PhiloxKey run_key,
                                std::uint32_t round, std::uint32_t attempt) {
  // Fisher and Yates' shuffle, as far as it is needed: only places that were swapped are
  // remembered.
  std::unordered_map<std::uint32_t, std::uint32_t> swapped;
  const auto at = [&swapped](std::uint32_t place) {
    const auto it = swapped.find(place);
    return it == swapped.end() ? place : it->second;
  };
  count = std::min(count, candidates);
  std::vector<std::uint32_t> drawn;
  drawn.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t index = (std::uint64_t{attempt} << 32) | i;
    const std::uint32_t word = philox_word(run_key, round, Purpose::kDraw, index);
    const std::uint32_t j = i + below(word, candidates - i);
    drawn.push_back(at(j));
    swapped[j] = at(i);
  }
  return drawn;
}

}  // namespace psephos::coordinator
