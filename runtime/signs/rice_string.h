#pragma once
// A set of places as bytes: the Rice code of the gaps between them (WIRE.md, "Rice strings").
// Private to runtime/signs.
//
//   count        4 bytes, little-endian: how many places are in the set.
//   remainders   the low k bits of every gap, first gap first, in ceil(count*k/8) bytes.
//   quotients    for every gap the rest of it in unary: gap / 2^k zeros, then a one; in whole
//                bytes, the last of which holds the last one.
//
// Both strings of bits are packed lowest bit first, their spare bits 0. The gap of a place is how
// many places that are not in the set stand before it, since the one before. k follows from count
// and the number of places, so equal sets are equal bytes.

#include <cstdint>
#include <optional>
#include <span>

#include "platforms/kernels/kernels.h"
#include "runtime/base/result.h"
#include "runtime/signs/plane_words.h"

namespace psephos {

inline constexpr unsigned kMaxRiceParameter = 25;  // one of kMaxParameters places

// The least k, at most kMaxRiceParameter, with 2^k >= 13/27 * (places/count - 1/2): the best for
// places drawn at random. 0 means that the set is too dense for a Rice code to gain anything.
// count <= places <= kMaxParameters.
unsigned rice_parameter(std::uint64_t count, std::uint64_t places);

// Between how many bytes a Rice string of `count` of `places` takes, wherever its places are.
SizeBounds rice_size(std::uint64_t count, std::uint64_t places);

// Appends the Rice string of the `count` ones of `bits`, bit 0 of a word before bit 1 of it, among
// `places` (32 * bits.size() or fewer).
void append_rice(std::span<const std::uint32_t> bits, std::uint64_t count, std::uint64_t places,
                 Bytes& out);

// One Rice string, found good but for the places that it names; borrows its bytes.
struct RiceString {
  std::uint32_t count = 0;
  kernels::RiceCode code;
  std::size_t bytes = 0;  // all of it
};

// The one that `bytes` begin with; what follows is not looked at. `said`: the k that stands in
// front of it, where one does; another than the string's own is refused. Allocates nothing.
Result<RiceString> read_rice(ByteSpan bytes, std::uint64_t places,
                             std::optional<unsigned> said = std::nullopt);

// Its set as `words` words; refuses a place past them.
Result<Words> decode_rice(const RiceString& rice, std::size_t words);

}  // namespace psephos
