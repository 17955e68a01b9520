#include "runtime/wire/text.h"

#include <algorithm>
#include <cstdint>

namespace psephos::wire {
namespace {

// A character of UTF-8: its bytes and its number; 0 bytes where `text` does not start with one
// (overlong forms and surrogates are none).
struct Character {
  std::size_t bytes = 0;
  std::uint32_t number = 0;
};

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  std::uint32_t number = lead & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    number = (number << 6) | (byte(i) & 0x3Fu);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = number >= 0xD800 && number <= 0xDFFF;
  if (number < kSmallest[bytes] || number > 0x10FFFF || surrogate) return {};
  return {bytes, number};
}

bool is_control(std::uint32_t number) { return number < 0x20 || (number >= 0x7F && number < 0xA0); }

}  // namespace

bool is_printable_ascii(std::string_view text, bool spaces) {
  return std::all_of(text.begin(), text.end(),
                     [spaces](char c) { return (c > 0x20 && c < 0x7F) || (spaces && c == ' '); });
}

std::string printable_text(std::string_view text, std::size_t max_bytes) {
  std::string shown;
  shown.reserve(std::min(text.size(), max_bytes));
  while (!text.empty()) {
    const Character next = first_character(text);
    const std::size_t taken = std::max<std::size_t>(next.bytes, 1);
    const std::string_view piece = next.bytes == 0           ? std::string_view("?")
                                   : is_control(next.number) ? std::string_view(" ")
                                                             : text.substr(0, taken);
    if (shown.size() + piece.size() > max_bytes) break;
    shown += piece;
    text.remove_prefix(taken);
  }
  return shown;
}

}  // namespace psephos::wire
