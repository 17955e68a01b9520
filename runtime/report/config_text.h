#pragma once
// The text of a config file, line by line: the part of TOML that settings need.
//
//   # a comment
//   lr = 1e-3                 # a number
//   client-eval = true        # true or false
//   schedule = "step:200,400" # a word stands in quotes, as a path does: "..." or '...'
//
// CLI11 2.1 brings a reader of its own, which passes over what it doesn't understand (lines of
// two characters, repeated keys, a # inside quotes): a run would start with other settings than its
// file says. This one refuses. What it accepts is TOML to any other reader.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace psephos {

inline constexpr std::size_t kMostConfigKeyBytes = 64;
// Longer than any path that Linux opens.
inline constexpr std::size_t kMostConfigValueBytes = 4096;

enum class ConfigValueKind { kWord, kNumber, kBool };

// `value` as a flag would be given it: no quotes, no escapes, no underscores between digits.
struct ConfigSetting {
  std::string key;
  std::string value;
  ConfigValueKind kind = ConfigValueKind::kWord;
};

// The first line of `text` without its end, which may be \n or \r\n; `text` is what follows it.
std::string_view take_line(std::string_view& text);

// What one line sets; nothing where it is blank or a comment.
Result<std::optional<ConfigSetting>> read_config_line(std::string_view line);

// A flag's value as config files write it: a number as it is, all else in quotes.
std::string config_value_text(std::string_view value);

}  // namespace psephos
