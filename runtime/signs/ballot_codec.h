#pragma once
// Packed signs as bytes on the wire, one canonical encoding per value (WIRE.md, "Encodings").
//
//   binary    the sign plane: W little-endian words.
//   ternary   which parameters are voted on and the signs of these, in the smallest of four forms
//             (ternary_codec.h): the voted plane as it is, as the Rice-coded gaps of its rarer
//             symbol, or both planes as base-3 digits. At most 1.6 bits a parameter and 36 bytes.
//   change    decisions only: the difference from the one before (decision_codec.h).
//
// Signs with every parameter voted on are binary, all others ternary, so equal signs are equal
// bytes and no two byte strings mean the same.

#include <cstdint>
#include <memory>
#include <span>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/signs/packed_signs.h"

namespace psephos {

// Numbers are the wire's.
enum class Encoding : std::uint8_t { kNone = 0, kBinary = 1, kTernary = 2, kChange = 3 };

struct EncodedSigns {
  Encoding encoding = Encoding::kNone;
  Bytes planes;  // empty for kNone
  bool operator==(const EncodedSigns&) const = default;
};

// `signs` must be canonical. kBinary when every parameter is voted on, else kTernary. Never kNone:
// that says "no ballot".
EncodedSigns encode(const PackedSigns& signs);

// Validates: exact length, no bits past d, no trailing bits, the canonical form. `planes` may have
// any alignment. Refuses kNone, which holds no signs, and kChange. Allocates a few planes of W
// words, and nothing before the length has been found possible.
Result<PackedSigns> decode(Encoding encoding, std::span<const std::uint8_t> planes,
                           std::size_t parameters);

// Signs that were found good, and what keeps their words alive.
struct HeldSigns {
  SignsView view{0, {}, {}};
  std::shared_ptr<const void> keeper;
  std::uint64_t voted = 0;  // how many parameters are voted on
};

// As decode, but without a copy where one can be saved: binary planes at a 4-byte-aligned address,
// as in every frame that was received, are viewed where they lie. `keeper` owns `planes`.
Result<HeldSigns> decode_held(Encoding encoding, std::span<const std::uint8_t> planes,
                              std::size_t parameters, std::shared_ptr<const void> keeper);

}  // namespace psephos
