#pragma once
// Small things about files that several rooms need. replace_file.h writes them.

#include <filesystem>

#include "runtime/base/result.h"

namespace psephos {

// False also where it cannot be told: whoever opens it next will say why.
bool is_there(const std::filesystem::path& path);

// The folder that --out asks for, made where it is missing, parents too. The value: was it made
// here? The error names the flag.
Result<bool> make_out_folder(const std::filesystem::path& directory);

}  // namespace psephos
