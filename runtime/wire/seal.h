#pragma once
// The seals of decisions and of what is past: XXH3-64 over what the fingerprint of the parameters
// does not prove (WIRE.md, "Seals"). A bit turned on the way makes a frame refused, and never a
// client believe other terms, or that its ballot was counted. No protection from whoever means
// harm: that is CURVE's. Private to runtime/wire.

#include <cstdint>
#include <span>

#include "runtime/wire/message.h"

namespace psephos::wire {

// `slots`: the bytes of decision.counted's list as they are in the frame.
std::uint64_t seal_of(const Decision& decision, std::span<const std::uint8_t> slots);

// `decisions`: the seals of past.decisions.
std::uint64_t seal_of(const Past& past, std::span<const std::uint64_t> decisions);

}  // namespace psephos::wire
