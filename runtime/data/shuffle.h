#pragma once
// The one shuffle of the data room.

#include <cstdint>
#include <vector>

#include "runtime/base/philox.h"

namespace psephos {

// 0 .. count-1 in an order that the words at (key, round, purpose) decide (Fisher-Yates). `count`
// is below 2^32.
std::vector<std::uint32_t> shuffled(std::size_t count, PhiloxKey key, std::uint32_t round,
                                    Purpose purpose);

}  // namespace psephos
