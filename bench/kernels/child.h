#pragma once
// Another program's figures: run, waited for, and its stdout read as lines of JSON.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace psephos::bench {

// `command`: a program, found by PATH, and its arguments. Its stderr is ours. An error when
// it fails or prints anything else.
Result<std::vector<nlohmann::json>> json_lines_of(const std::vector<std::string>& command);

}  // namespace psephos::bench
