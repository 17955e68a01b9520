#pragma once
// In which form decisions travel down.

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/philox.h"
#include "runtime/base/result.h"
#include "runtime/signs/packed_signs.h"

namespace psephos {

// kTernary: a parameter without a decision stays as it is. kBinary: every parameter is decided,
// ties by the coordinator's coin.
enum class Downlink : std::uint8_t { kTernary, kBinary };

Result<Downlink> parse_downlink(std::string_view text);  // "ternary", "binary"
std::string to_string(Downlink downlink);

// The coordinator's coin of (run_key, round) on every parameter that got no decision.
void break_ties(PackedSigns& decision, PhiloxKey run_key, std::uint32_t round);

}  // namespace psephos
