#pragma once
// How logs and tables tell two clients of one name apart: "kitchen~Yne@$w-v".

#include <cstddef>
#include <string>
#include <string_view>

namespace psephos {

inline constexpr std::size_t kShortKeyCharacters = 8;

// The beginning of a public key, which nobody else can claim.
inline std::string short_key(std::string_view key) {
  return std::string(key.substr(0, kShortKeyCharacters));
}

// What reports call a client: its name, and with a key the beginning of that.
inline std::string shown_name(std::string_view name, std::string_view key) {
  return key.empty() ? std::string(name) : std::string(name) + "~" + short_key(key);
}

}  // namespace psephos
