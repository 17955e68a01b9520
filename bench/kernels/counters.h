#pragma once
// How one would count votes without bit-sliced counters: an int16 per parameter, +1 or -1 per vote.
// Opponents of the tally, and the pack loop of another system.

#include <cstddef>
#include <cstdint>
#include <span>

namespace psephos::bench {

// Bits in parameter order: parameter i is bit i mod 32 of word i / 32. The loop as anybody writes
// it, one bit after the other. `net`: d counts, zeroed here; `decision`: 1 = negative, W words.
void count_linear(std::span<const std::uint32_t* const> ballots, std::size_t parameters,
                  std::int16_t* net, std::uint32_t* decision);

// The packed-sign layout, where 32 neighbouring counters take bit j of 32 neighbouring words: the
// compiler vectorises that, for the best instruction set that this processor has. d is a multiple
// of 1024.
void count_vectorised(std::span<const std::uint32_t* const> ballots, std::size_t parameters,
                      std::int16_t* net, std::uint32_t* decision);

// The same, all ballots for as many counters as a level-one cache holds before going on.
void count_blocked(std::span<const std::uint32_t* const> ballots, std::size_t parameters,
                   std::int16_t* net, std::uint32_t* decision);

// Signs as BytePS's onebit compressor packs them: 32 compares and shifts to a word, in parameter
// order; zeros count as positive. d is a multiple of 32.
void pack_by_shifts(const float* v, std::size_t parameters, std::uint32_t* signs);

}  // namespace psephos::bench
