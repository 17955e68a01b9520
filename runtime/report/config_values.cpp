#include "runtime/report/config_values.h"

#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "runtime/report/config_text.h"

namespace psephos {
namespace {

std::optional<double> as_number(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

ConfigValues config_values(std::string_view toml) {
  ConfigValues values;
  while (!toml.empty()) {
    auto setting = read_config_line(take_line(toml));
    if (setting && *setting) values[(*setting)->key] = std::move((*setting)->value);
  }
  return values;
}

bool same_value(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto number_a = as_number(a);
  return number_a && number_a == as_number(b);
}

}  // namespace psephos
