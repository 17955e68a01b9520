#pragma once
// Who votes in a round, when not everybody does.

#include <cstdint>
#include <vector>

#include "runtime/base/philox.h"

namespace psephos::coordinator {

// How many of `live` members a round asks: max(min_voters, ceil(fraction * live)), at most live.
std::uint32_t draw_size(double fraction, std::uint32_t min_voters, std::uint32_t live);

// Exactly `count` of `candidates` (their places, from 0), or all when there are fewer; a pure
// function of its arguments. Candidates are told apart by their place among identities in byte
// order. attempt 0 is the round's first draw, later ones replace the missing.
std::vector<std::uint32_t> draw(std::uint32_t candidates, std::uint32_t count, PhiloxKey run_key,
                                std::uint32_t round, std::uint32_t attempt);

}  // namespace psephos::coordinator
