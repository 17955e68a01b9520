#pragma once
// How the vector a client votes from becomes a ballot.

#include <cstdint>
#include <span>

#include "platforms/kernels/kernels.h"
#include "runtime/base/philox.h"
#include "runtime/run/hyperparameters.h"
#include "runtime/signs/packed_signs.h"

namespace psephos::client {

// The coins of a client's ballot of `round`.
kernels::CoinAddress coins_of(PhiloxKey key, std::uint32_t round);

// kSign: bit = sign bit of v, a coin of (key, round) for exact zeros. kThreshold: abstain where
// abs(v) <= threshold * mean(abs(v)), the mean in double over the whole vector. v: d finite floats.
PackedSigns make_ballot(const BallotRule& rule, std::span<const float> v, PhiloxKey key,
                        std::uint32_t round);

}  // namespace psephos::client
