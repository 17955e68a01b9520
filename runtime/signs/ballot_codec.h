#pragma once
// Packed signs as bytes on the wire, one canonical encoding per value (WIRE.md, "Encodings").
//
//   binary    the sign plane: W little-endian words.
//   ternary   4 header bytes {form, rice parameter, 0, 0}; the voted plane, W words; one sign bit
//             for each of the n voted parameters, in word-then-bit order, first one lowest, in
//             ceil(n/8) bytes whose spare bits are 0. Only form 0 (raw planes, rice parameter 0) is
//             spoken; forms 1 and 2 (Rice-coded gaps of the voted, of the abstained) are reserved.
//
// Signs with every parameter voted on are binary, all others ternary, so equal signs are equal
// bytes and no two byte strings mean the same.

#include <cstdint>
#include <optional>
#include <span>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/signs/packed_signs.h"

namespace psephos {

// Numbers are the wire's. `kChange` (a decision as its difference from the one before) is reserved:
// the schema names it, nothing sends it yet.
enum class Encoding : std::uint8_t { kNone = 0, kBinary = 1, kTernary = 2, kChange = 3 };

struct EncodedSigns {
  Encoding encoding = Encoding::kNone;
  Bytes planes;  // empty for kNone
};

// `signs` must be canonical. kBinary when every parameter is voted on, else kTernary. Never kNone:
// that says "no ballot".
EncodedSigns encode(const PackedSigns& signs);

// Validates without decoding: exact length, no bits past d, no trailing bits, canonical form.
// `planes` may have any alignment. Returns the number of parameters voted on. Refuses kNone with a
// non-empty payload and kChange.
Result<std::uint64_t> check_planes(Encoding encoding, std::span<const std::uint8_t> planes,
                                   std::size_t parameters);

// Same checks, then the value. Never allocates more than 2*W words. kNone is refused here.
Result<PackedSigns> decode(Encoding encoding, std::span<const std::uint8_t> planes,
                           std::size_t parameters);

// The signs where they lie, for planes that passed check_planes: those of a binary ballot at a
// 4-byte-aligned address, as in every frame that was received. Nothing for others: decode them.
std::optional<SignsView> view_in_place(Encoding encoding, std::span<const std::uint8_t> planes,
                                       std::size_t parameters);

}  // namespace psephos
