#pragma once
// Which samples a client takes: a pure function of its key, the round and the step.

#include <cstdint>
#include <vector>

#include "runtime/base/philox.h"

namespace psephos::client {

// `size` sample numbers in [0, samples), drawn with replacement; step s of a round continues where
// s-1 ended.
void draw_batch(PhiloxKey key, std::uint32_t round, std::uint32_t step, std::uint32_t size,
                std::uint32_t samples, std::vector<std::uint32_t>& batch);

// A permutation of 0..samples-1: the order of one local epoch.
std::vector<std::uint32_t> epoch_order(PhiloxKey key, std::uint32_t round, std::uint32_t samples);

}  // namespace psephos::client
