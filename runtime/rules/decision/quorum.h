#pragma once
// The margin of rule quorum, for whoever decides by it elsewhere (WIRE.md's example, the proving
// ground's truth).

#include <cstdint>

namespace psephos {

// The smallest n >= 1 with n * 1,000,000 >= quorum_ppm * voters; quorum_ppm at most a million.
std::uint32_t quorum_margin(std::uint32_t quorum_ppm, std::uint32_t voters);

}  // namespace psephos
