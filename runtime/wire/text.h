#pragma once
// Text that came from, or goes to, a stranger and will be shown on somebody's terminal.

#include <cstddef>
#include <string>
#include <string_view>

namespace psephos::wire {

// Every byte in 0x21..0x7E, or a space where `spaces` allows it.
bool is_printable_ascii(std::string_view text, bool spaces);

// `text` as valid UTF-8 of at most `max_bytes` bytes, cut between characters. Control characters
// (C0, DEL, C1: what could drive a terminal) become spaces, invalid bytes '?'.
std::string printable_text(std::string_view text, std::size_t max_bytes);

}  // namespace psephos::wire
