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
// REQUIRES: word < word_count(parameters).
inline std::uint32_t valid_bits(std::size_t word, std::size_t parameters) {
  const std::size_t short_block = parameters / kBlockParameters * kBlockWords;  // its first word
  if (word < short_block) return ~std::uint32_t{0};
  const auto count = static_cast<std::uint32_t>(parameters % kBlockParameters);
  const auto lanes = static_cast<std::uint32_t>(word_count(count));
  const auto lane = static_cast<std::uint32_t>(word - short_block);
  const std::uint32_t rows = count / lanes + (lane < count % lanes ? 1 : 0);
  return ~std::uint32_t{0} >> (32 - rows);
}

}  // namespace psephos
