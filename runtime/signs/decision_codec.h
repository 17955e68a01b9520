#pragma once
// A decision as bytes on the wire: as a ballot is encoded, or as `change`, its difference from the
// decision before, which every replica of that round has applied (WIRE.md, "Change").
//
//   change    4 header bytes {Rice parameter of the first string, of the second, 0, 0};
//             a Rice string of the parameters voted on in one of the two decisions only;
//             a Rice string of those with another sign, among the parameters voted on in both,
//             which are counted in word-then-bit order; the signs of parameters voted on now only,
//             packed as in a ternary ballot.
//
// A pair of decisions has one change. Whether a decision is sent as one is its sender's choice.

#include <cstdint>
#include <span>

#include "runtime/base/result.h"
#include "runtime/signs/ballot_codec.h"

namespace psephos {

// The smallest of encode(decision) and, where there is a decision before (`before` not null, of the
// same d), the change from it; encode(decision) where they are as large.
EncodedSigns encode_decision(const PackedSigns& decision, const PackedSigns* before);

// The change from `before` to `decision`, whatever its size.
Bytes encode_change(const PackedSigns& decision, const PackedSigns& before);

// The decision that `planes` mean after `before` (null: there was none, and kChange is refused).
// Refuses everything malformed, as decode does. Allocates a few planes of `parameters` bits, and
// nothing before the lengths have been found possible.
Result<PackedSigns> decode_decision(Encoding encoding, std::span<const std::uint8_t> planes,
                                    std::size_t parameters, const PackedSigns* before);

}  // namespace psephos
