#pragma once
// What the tests of both state formats share: where a state's parts lie, and what is said of bytes
// that are no state.

#include <xxhash.h>

#include <cstring>
#include <span>
#include <string>

#include "client/state/client_state.h"

namespace psephos::client::testing {

inline constexpr std::size_t kChecksum = 16;
inline constexpr std::size_t kHeader = 80;

// The checksum made right again: what is refused then is refused for what it says.
inline Bytes with_checksum(Bytes bytes) {
  XXH128_canonical_t checksum;
  XXH128_canonicalFromHash(&checksum, XXH3_128bits(bytes.data(), bytes.size() - kChecksum));
  std::memcpy(bytes.data() + bytes.size() - kChecksum, &checksum, kChecksum);
  return bytes;
}

// Why `bytes` are refused; empty where they are not.
inline std::string refusal(std::span<const std::uint8_t> bytes) {
  const auto state = decode_state(bytes);
  return state ? "" : state.error().text;
}

}  // namespace psephos::client::testing
