#pragma once
// The ternary encoding: its four forms, and which of them a value has (WIRE.md, "Ternary"). Private
// to runtime/signs.
//
// Every form begins with 4 header bytes {form, Rice parameter, 0, 0}. The value's form is the one
// that takes the fewest bytes, the first of those; a Rice string is tried for the rarer symbol only
// (the voted where there are as many), and only where its parameter is above 0. All of that is
// checked, so equal signs are equal bytes.

#include <cstdint>

#include "runtime/base/result.h"
#include "runtime/signs/plane_words.h"

namespace psephos {

enum class TernaryForm : std::uint8_t {
  kRaw = 0,            // the voted plane, then the signs of voted parameters
  kVotedGaps = 1,      // the Rice string of the voted parameters, then the signs of these
  kAbstainedGaps = 2,  // the Rice string of the others, then the signs of the voted ones
  kTrits = 3,          // both planes as base-3 digits, five to a byte
};

// What encode_ternary's bytes may number.
SizeBounds ternary_size(std::uint64_t voted, std::size_t parameters);

// `voted`: the parameters voted on, fewer than all.
Bytes encode_ternary(const PackedSigns& signs, std::uint64_t voted);

// Ternary planes found good. In all forms but kTrits the signs are still packed, in bytes that are
// the planes' own.
struct TernaryPlanes {
  std::uint64_t voted_count = 0;
  Words voted;
  ByteSpan packed_signs;
  Words signs;  // of kTrits
};

// Allocates no more than four planes, and nothing before the length has been found possible.
Result<TernaryPlanes> read_ternary(ByteSpan planes, std::size_t parameters);

// The value of planes that read_ternary found good.
PackedSigns unpack(TernaryPlanes planes, std::size_t parameters);

}  // namespace psephos
