#pragma once
// Where a parameter's bit is (WIRE.md, "Packed signs"): one layout for every processor.

#include <cstddef>
#include <cstdint>

namespace psephos {

inline constexpr std::size_t kBlockParameters = 1024;
inline constexpr std::size_t kBlockWords = 32;

// The largest model Psephos speaks of: 67 million parameters.
inline constexpr std::size_t kMaxParameters = std::size_t{1} << 26;

constexpr std::size_t word_count(std::size_t parameters) { return (parameters + 31) / 32; }

struct BitPosition {
  std::size_t word;
  unsigned bit;
};

// Position of parameter `i` of `parameters`; i < parameters.
BitPosition bit_position(std::size_t i, std::size_t parameters);

// The bits of word `word` that belong to parameters (all ones except in the last, short block).
std::uint32_t valid_bits(std::size_t word, std::size_t parameters);

}  // namespace psephos
