#include "runtime/signs/slot_codec.h"

#include <fmt/format.h>

#include <bit>

#include "runtime/base/check.h"
#include "runtime/signs/rice_string.h"

namespace psephos {
namespace {

constexpr std::size_t words_for(std::uint32_t places) { return (std::size_t{places} + 31) / 32; }

}  // namespace

Bytes encode_slots(std::span<const std::uint32_t> slots, std::uint32_t given) {
  PSEPHOS_CHECK(given <= kMaxSlots, "a session gives no more slots than a list can have");
  Bytes bytes;
  if (slots.empty()) return bytes;
  Words set(words_for(given));
  std::uint32_t next = 0;  // the least slot that may follow
  for (const std::uint32_t slot : slots) {
    PSEPHOS_CHECK(slot >= next && slot < given, "slots are ascending and were given");
    set[slot / 32] |= 1u << (slot % 32);
    next = slot + 1;
  }
  append_rice(set, slots.size(), given, bytes);
  return bytes;
}

Result<std::vector<std::uint32_t>> decode_slots(std::span<const std::uint8_t> bytes,
                                                std::uint32_t given) {
  if (given > kMaxSlots) {
    return Error{fmt::format("{} slots were given, and {} are the most", given, kMaxSlots)};
  }
  if (bytes.empty()) return std::vector<std::uint32_t>{};
  const Result<RiceString> string = read_rice(bytes, given);
  if (!string) return Error{"the slots: " + string.error().text};
  if (string->count == 0) return Error{"a list of no slots has no bytes"};
  if (string->bytes != bytes.size()) {
    return Error{fmt::format("{} bytes follow the list of slots", bytes.size() - string->bytes)};
  }
  const Result<Words> set = decode_rice(*string, words_for(given));
  if (!set) return Error{fmt::format("the list has a slot past the {} that were given", given)};
  std::vector<std::uint32_t> slots;
  slots.reserve(string->count);
  for (std::uint32_t w = 0; w < set->size(); ++w) {
    for (std::uint32_t rest = (*set)[w]; rest != 0; rest &= rest - 1) {
      slots.push_back(32 * w + static_cast<std::uint32_t>(std::countr_zero(rest)));
    }
  }
  if (slots.back() >= given) {
    return Error{fmt::format("the list has slot {} of {} that were given", slots.back(), given)};
  }
  return slots;
}

}  // namespace psephos
