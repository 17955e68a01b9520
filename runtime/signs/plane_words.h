#pragma once
// Small steps over whole planes that the codecs share. Private to runtime/signs.

#include <cstdint>
#include <span>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/signs/packed_signs.h"

namespace psephos {

using ByteSpan = std::span<const std::uint8_t>;
using Words = AlignedVector<std::uint32_t>;

inline constexpr std::size_t kWordBytes = sizeof(std::uint32_t);

// What `bits` bits take.
constexpr std::size_t bytes_for(std::uint64_t bits) {
  return static_cast<std::size_t>((bits + 7) / 8);
}

// What is known of an encoding's size before it is made: enough not to make most that are not sent.
struct SizeBounds {
  std::size_t least = 0;
  std::size_t most = 0;
};

// Whole little-endian words, at any address.
Words words_of(ByteSpan bytes);

std::uint64_t count_ones(std::span<const std::uint32_t> words);

// The voted plane, also where it is left out because it is all ones.
Words voted_plane(const PackedSigns& signs);

// `plane` has word_count(parameters) words.
bool has_bits_past_end(std::span<const std::uint32_t> plane, std::size_t parameters);

// The parameters that are not in `plane`.
Words complement(std::span<const std::uint32_t> plane, std::size_t parameters);

// The signs of `mask`'s parameters, packed (kernels.h, gather_signs), appended to `out`; `count`:
// ones of `mask`.
void append_signs(std::span<const std::uint32_t> signs, std::span<const std::uint32_t> mask,
                  std::uint64_t count, Bytes& out);

// Its inverse, for bytes that pass check_packed_signs. 0 where `mask` is.
Words scatter_signs(ByteSpan packed, std::span<const std::uint32_t> mask);

// ceil(count/8) bytes whose spare bits are 0. `what`: of which encoding ("ternary").
Status check_packed_signs(const char* what, ByteSpan packed, std::uint64_t count);

Error past_end(const char* what, std::size_t parameters);

}  // namespace psephos
