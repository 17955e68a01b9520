#pragma once
// A run folder's config.toml read back as words, for whoever compares runs or names them. It is not
// checked here: to run a configuration again is config_file.h's business.

#include <map>
#include <string>
#include <string_view>

namespace psephos {

// Flag names without dashes, and their values as words without quotes.
using ConfigValues = std::map<std::string, std::string>;

// The settings in what config_as_run wrote; a line that is none is passed over.
ConfigValues config_values(std::string_view toml);

// As text, or as numbers: 1e-3 is 0.001.
bool same_value(const std::string& a, const std::string& b);

}  // namespace psephos
