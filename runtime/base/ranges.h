#pragma once
// One loop over a long array on several threads: each takes a range of it.

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

namespace psephos {

// body(begin, end) for ranges that make up [0, count), near-equal multiples of `grain` but for the
// last: as many as `threads`, or as there is work for, each on a thread of its own, the first on
// the caller's. Returns when all are done. What `body` throws ends the
// program.
template <class Body>
void over_ranges(std::size_t count, std::size_t grain, unsigned threads, const Body& body) {
  const std::size_t grains = (count + grain - 1) / grain;
  const std::size_t pieces = std::clamp<std::size_t>(grains, 1, std::max(threads, 1u));
  const auto begin_of = [&](std::size_t piece) {
    return std::min(count, grains * piece / pieces * grain);
  };
  const auto do_piece = [&](std::size_t piece) { body(begin_of(piece), begin_of(piece + 1)); };
  std::vector<std::jthread> others;  // waits for them at the end
  others.reserve(pieces - 1);
  for (std::size_t piece = 1; piece < pieces; ++piece) {
    try {
      others.emplace_back([&do_piece, piece] { do_piece(piece); });
    } catch (const std::system_error&) {
      do_piece(piece);  // there are no threads to be had
    }
  }
  do_piece(0);
}

}  // namespace psephos
