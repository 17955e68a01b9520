#pragma once
// One loop over a long array on several threads: each takes a range of it.

#include <algorithm>
#include <cstddef>
#include <thread>
#include <vector>

namespace psephos {

// body(begin, end) for ranges that make up [0, count), near-equal multiples of `grain` but for the
// last: as many as `threads`, or as there is work for, each on a thread of its own, the first on
// the caller's. Returns when all are done. `body` must not throw.
template <class Body>
void over_ranges(std::size_t count, std::size_t grain, unsigned threads, const Body& body) {
  const std::size_t grains = (count + grain - 1) / grain;
  const std::size_t pieces = std::clamp<std::size_t>(grains, 1, std::max(threads, 1u));
  const auto begin_of = [&](std::size_t piece) {
    return std::min(count, grains * piece / pieces * grain);
  };
  std::vector<std::jthread> others;  // waits for them at the end
  for (std::size_t piece = 1; piece < pieces; ++piece) {
    others.emplace_back(
        [&body, begin = begin_of(piece), end = begin_of(piece + 1)] { body(begin, end); });
  }
  body(begin_of(0), begin_of(1));
}

}  // namespace psephos
