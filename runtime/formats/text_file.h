#pragma once
// Small files read whole: what a person wrote, what a run left behind.

#include <cstddef>
#include <filesystem>
#include <string>

#include "runtime/base/result.h"

namespace psephos {

// The bytes of the file `path`, at most `max_bytes` of them: a larger file is an error, as is
// whatever InputFile refuses. Errors begin with the path.
Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t max_bytes);

}  // namespace psephos
