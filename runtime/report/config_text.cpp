#include "runtime/report/config_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

namespace psephos {
namespace {

constexpr std::string_view kBlank = " \t";
constexpr std::size_t kShown = 40;  // bytes of a stranger's text within a sentence

std::string_view without_blanks_before(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlank), text.size()));
}

std::string_view trimmed(std::string_view text) {
  text = without_blanks_before(text);
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

std::string shown(std::string_view text) {
  if (text.size() <= kShown) return std::string(text);
  // Not within a character of several bytes.
  std::size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}

// Where a character stands that could drive a terminal (C0 but the tab, DEL, C1 in UTF-8). No text
// has one, and what is read here is shown to people.
std::optional<unsigned> control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
    if ((c < 0x20 && c != '\t') || c == 0x7F) return c;
    if (c == 0xC2 && next >= 0x80 && next < 0xA0) return next;
  }
  return std::nullopt;
}

// ---- numbers -----------------------------------------------------------------------------------

// Digits from the front of `text`, underscores allowed between them, appended to `digits`.
bool take_digits(std::string_view& text, std::string& digits) {
  const std::size_t before = digits.size();
  while (!text.empty()) {
    const bool between = text.front() == '_' && digits.size() > before && text.size() > 1 &&
                         is_digit(text[1]) && is_digit(digits.back());
    if (between) text.remove_prefix(1);
    if (!is_digit(text.front())) break;
    digits += text.front();
    text.remove_prefix(1);
  }
  return digits.size() > before;
}

bool take_one_of(std::string_view& text, std::string_view characters) {
  if (text.empty() || characters.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// TOML's decimal integers and floats; no value where `text` is neither.
std::optional<std::string> read_number(std::string_view text) {
  std::string number;
  if (text.starts_with('-')) number = "-";
  take_one_of(text, "+-");
  const bool leading_zero =
      text.size() > 1 && text[0] == '0' && (is_digit(text[1]) || text[1] == '_');
  if (leading_zero || !take_digits(text, number)) return std::nullopt;
  if (take_one_of(text, ".")) {
    number += '.';
    if (!take_digits(text, number)) return std::nullopt;
  }
  if (take_one_of(text, "eE")) {
    number += 'e';
    if (text.starts_with('-')) number += '-';
    take_one_of(text, "+-");
    if (!take_digits(text, number)) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return number;
}

// ---- words in quotes ---------------------------------------------------------------------------

void append_utf8(std::string& text, std::uint32_t number) {
  const auto add = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (number < 0x80) {
    add(number);
  } else if (number < 0x800) {
    add(0xC0 | number >> 6);
    add(0x80 | (number & 0x3F));
  } else if (number < 0x10000) {
    add(0xE0 | number >> 12);
    add(0x80 | (number >> 6 & 0x3F));
    add(0x80 | (number & 0x3F));
  } else {
    add(0xF0 | number >> 18);
    add(0x80 | (number >> 12 & 0x3F));
    add(0x80 | (number >> 6 & 0x3F));
    add(0x80 | (number & 0x3F));
  }
}

// `text` stands after \u or \U.
bool take_code_point(std::string_view& text, std::size_t digits, std::string& word) {
  if (text.size() < digits) return false;
  std::uint32_t number = 0;
  const char* const end = text.data() + digits;
  const auto [stop, error] = std::from_chars(text.data(), end, number, 16);
  const bool surrogate = number >= 0xD800 && number < 0xE000;
  if (error != std::errc() || stop != end || surrogate || number > 0x10FFFF) return false;
  append_utf8(word, number);
  text.remove_prefix(digits);
  return true;
}

// `text` stands after a backslash.
bool take_escape(std::string_view& text, std::string& word) {
  constexpr std::string_view kEscapes = "\"\\bfnrt";
  constexpr std::string_view kMeanings = "\"\\\b\f\n\r\t";
  if (text.empty()) return false;
  const char c = text.front();
  text.remove_prefix(1);
  if (c == 'u') return take_code_point(text, 4, word);
  if (c == 'U') return take_code_point(text, 8, word);
  const std::size_t found = kEscapes.find(c);
  if (found == std::string_view::npos) return false;
  word += kMeanings[found];
  return true;
}

// `text` begins with a quote; it is what follows the closing one then.
Result<std::string> take_quoted(std::string_view& text) {
  const char quote = text.front();
  if (text.starts_with("\"\"\"") || text.starts_with("'''")) {
    return Error{"stands between three quotes; a value is on one line, between two"};
  }
  text.remove_prefix(1);
  std::string word;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == quote) return word;
    if (c != '\\' || quote == '\'') {
      word += c;
    } else if (!take_escape(text, word)) {
      return Error{
          "has a backslash that means nothing; write \\\\ for one, or use single quotes ('...')"};
    }
  }
  return Error{fmt::format("the closing {} is missing", quote)};
}

// ---- lines -------------------------------------------------------------------------------------

// `text` begins with the value; it is what follows it then.
Result<ConfigSetting> take_value(std::string_view& text) {
  ConfigSetting setting;
  const char first = text.empty() ? '#' : text.front();
  if (first == '#') return Error{"needs a value"};
  if (first == '[') return Error{"takes one value, not a list"};
  if (first == '{') return Error{"takes one value, not a table"};
  if (first == '"' || first == '\'') {
    auto word = take_quoted(text);
    if (!word) return word.error();
    setting.value = std::move(*word);
    return setting;
  }
  const std::string_view bare = text.substr(0, text.find_first_of(" \t#"));
  text.remove_prefix(bare.size());
  if (bare == "true" || bare == "false") {
    setting.value = bare;
    setting.kind = ConfigValueKind::kBool;
    return setting;
  }
  if (auto number = read_number(bare)) {
    setting.value = std::move(*number);
    setting.kind = ConfigValueKind::kNumber;
    return setting;
  }
  if (bare.find(',') != std::string_view::npos) return Error{"takes one value, not a list"};
  return Error{fmt::format("{} is no number like 10 or 1e-3; a word stands in quotes (\"cosine\")",
                           shown(bare))};
}

Result<std::string> take_key(std::string_view line, std::string_view before_equals) {
  const std::string key(trimmed(before_equals));
  if (line.starts_with('[')) {
    return Error{
        fmt::format("there is no section {}; a setting stands alone on its line, like "
                    "lr = 1e-3",
                    shown(trimmed(line.substr(0, line.find('#')))))};
  }
  if (before_equals.size() == line.size()) {
    return Error{fmt::format("'{}' is no setting like lr = 1e-3 or schedule = \"cosine\"",
                             shown(trimmed(line)))};
  }
  if (key.empty() || key.size() > kMostConfigKeyBytes ||
      !std::ranges::all_of(key, is_key_character)) {
    return Error{
        fmt::format("'{}' is no name of a setting; names are those of the flags without dashes "
                    "in front, like min-voters",
                    shown(key))};
  }
  return key;
}

}  // namespace

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Result<std::optional<ConfigSetting>> read_config_line(std::string_view line) {
  if (const auto control = control_character(line)) {
    return Error{
        fmt::format("holds a byte that no text has (0x{:02x}): is it a config file?", *control)};
  }
  line = without_blanks_before(line);
  if (line.empty() || line.starts_with('#')) return std::optional<ConfigSetting>();
  const std::string_view before_equals = line.substr(0, line.find_first_of("=#\"'"));
  const bool equals = before_equals.size() < line.size() && line[before_equals.size()] == '=';
  auto key = take_key(line, equals ? before_equals : line);
  if (!key) return key.error();
  const auto wrong = [&key](std::string_view what) {
    return Error{fmt::format("{}: {}", shown(*key), what)};
  };

  std::string_view rest = without_blanks_before(line.substr(before_equals.size() + 1));
  auto setting = take_value(rest);
  if (!setting) return wrong(setting.error().text);
  rest = without_blanks_before(rest);
  if (!rest.empty() && !rest.starts_with('#')) {
    return wrong(fmt::format("takes one value, but {} follows it", shown(rest)));
  }
  if (setting->value.size() > kMostConfigValueBytes) {
    return wrong(fmt::format("its value is longer than {} bytes", kMostConfigValueBytes));
  }
  if (control_character(setting->value)) {
    return wrong("its value has a control character, which no setting takes");
  }
  setting->key = std::move(*key);
  return std::optional(std::move(*setting));
}

std::string config_value_text(std::string_view value) {
  if (const auto number = read_number(value); number && *number == value) return *number;
  std::string text = "\"";
  for (const char c : value) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    if (control) {
      text += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text + '"';
}

}  // namespace psephos
