#include "runtime/signs/plane_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "platforms/kernels/kernels.h"

namespace psephos {
namespace {

// Words of the last block, if that may have bits past the last parameter; else 0.
std::size_t short_block_words(std::size_t parameters) {
  return word_count(parameters % kBlockParameters);
}

}  // namespace

Words words_of(ByteSpan bytes) {
  Words words(bytes.size() / kWordBytes);
  if (!words.empty()) std::memcpy(words.data(), bytes.data(), words.size() * kWordBytes);
  return words;
}

std::uint64_t count_ones(std::span<const std::uint32_t> words) {
  return kernels::kernels().count_ones(words.data(), words.size());
}

Words voted_plane(const PackedSigns& signs) {
  if (!signs.all_voted()) return signs.voted;
  return complement(Words(word_count(signs.parameters)), signs.parameters);
}

bool has_bits_past_end(std::span<const std::uint32_t> plane, std::size_t parameters) {
  for (std::size_t w = plane.size() - short_block_words(parameters); w < plane.size(); ++w) {
    if ((plane[w] & ~valid_bits(w, parameters)) != 0) return true;
  }
  return false;
}

Words complement(std::span<const std::uint32_t> plane, std::size_t parameters) {
  Words others(plane.size());
  std::ranges::transform(plane, others.begin(), [](std::uint32_t word) { return ~word; });
  for (std::size_t w = others.size() - short_block_words(parameters); w < others.size(); ++w) {
    others[w] &= valid_bits(w, parameters);
  }
  return others;
}

void append_signs(std::span<const std::uint32_t> signs, std::span<const std::uint32_t> mask,
                  std::uint64_t count, Bytes& out) {
  const std::size_t begin = out.size();
  out.resize(begin + bytes_for(count));
  kernels::kernels().gather_signs(signs.data(), mask.data(), mask.size(), out.data() + begin);
}

Words scatter_signs(ByteSpan packed, std::span<const std::uint32_t> mask) {
  Words signs(mask.size());
  kernels::kernels().scatter_signs(packed.data(), packed.size(), mask.data(), mask.size(),
                                   signs.data());
  return signs;
}

Status check_packed_signs(const char* what, ByteSpan packed, std::uint64_t count) {
  if (packed.size() != bytes_for(count)) {
    return Error{
        fmt::format("{} planes have {} bytes of signs instead of {}; encode them again for this "
                    "model's number of parameters",
                    what, packed.size(), bytes_for(count))};
  }
  if (count % 8 != 0 && (packed.back() >> (count % 8)) != 0) {
    return Error{
        fmt::format("the spare bits after the last sign of {} planes are not all 0", what)};
  }
  return Ok{};
}

Error past_end(const char* what, std::size_t parameters) {
  return Error{fmt::format("{} planes have bits set past parameter {}; these bits must be 0", what,
                           parameters)};
}

}  // namespace psephos
