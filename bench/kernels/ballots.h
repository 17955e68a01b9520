#pragma once
// A crowd's ballots in memory, each in a buffer of its own as in the frames that bring them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/kernels/random_planes.h"
#include "runtime/signs/packed_signs.h"

namespace psephos::bench {

struct Ballots {
  std::size_t parameters = 0;
  std::vector<AlignedVector<std::uint32_t>> signs;
  std::vector<AlignedVector<std::uint32_t>> voted;  // none: binary ballots

  std::size_t plane_bytes() const { return word_count(parameters) * sizeof(std::uint32_t); }
};

inline Ballots random_ballots(std::size_t parameters, std::size_t voters) {
  Ballots ballots;
  ballots.parameters = parameters;
  for (std::size_t v = 0; v < voters; ++v) {
    ballots.signs.push_back(random_plane(parameters, 2 * v));
  }
  return ballots;
}

// Of every parameter that is not negative, half have not been voted on.
inline void make_ternary(Ballots& ballots) {
  for (std::size_t v = 0; v < ballots.signs.size(); ++v) {
    ballots.voted.push_back(random_plane(ballots.parameters, 2 * v + 1));
    AlignedVector<std::uint32_t>& voted = ballots.voted.back();
    for (std::size_t w = 0; w < voted.size(); ++w) voted[w] |= ballots.signs[v][w];
  }
}

// The first `voters`, with their voted planes or as binary ballots.
inline std::vector<SignsView> views_of(const Ballots& ballots, std::size_t voters, bool ternary) {
  std::vector<SignsView> views;
  for (std::size_t v = 0; v < voters; ++v) {
    const auto voted = ternary ? std::span<const std::uint32_t>(ballots.voted[v])
                               : std::span<const std::uint32_t>();
    views.emplace_back(ballots.parameters, ballots.signs[v], voted);
  }
  return views;
}

inline std::vector<const std::uint32_t*> pointers_to(
    const std::vector<AlignedVector<std::uint32_t>>& planes, std::size_t count) {
  std::vector<const std::uint32_t*> pointers(count);
  for (std::size_t v = 0; v < count; ++v) pointers[v] = planes[v].data();
  return pointers;
}

}  // namespace psephos::bench
