#include "runtime/report/config_values.h"

#include <utility>

#include "runtime/report/config_text.h"

namespace psephos {

ConfigValues config_values(std::string_view toml) {
  ConfigValues values;
  while (!toml.empty()) {
    auto setting = read_config_line(take_line(toml));
    if (setting && *setting) values[(*setting)->key] = std::move((*setting)->value);
  }
  return values;
}

}  // namespace psephos
