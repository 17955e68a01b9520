#pragma once
// A list of slots as bytes: which of the clients that a session has numbered 0, 1, 2... are meant
// (WIRE.md, "Slots"). The Rice string of ternary_codec.h's planes, over slots in place of
// parameters; no slots are no bytes. Equal lists are equal bytes. Thread-safe.

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace psephos {

inline constexpr std::uint32_t kMaxSlots = 1u << 20;  // given by one session

// `slots`: strictly ascending, below `given`, which is at most kMaxSlots.
Bytes encode_slots(std::span<const std::uint32_t> slots, std::uint32_t given);

// The slots that `bytes` from anybody mean; refuses what encode_slots does not write, whatever
// `given` is. Allocates nothing before the lengths have been found possible, then given/8 bytes and
// the list.
Result<std::vector<std::uint32_t>> decode_slots(std::span<const std::uint8_t> bytes,
                                                std::uint32_t given);

}  // namespace psephos
