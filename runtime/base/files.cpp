#include "runtime/base/files.h"

#include <fmt/format.h>

#include <system_error>

namespace psephos {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Result<bool> make_out_folder(const fs::path& directory) {
  std::error_code error;
  const bool made = fs::create_directories(directory, error);
  if (!error && fs::is_directory(directory, error)) return made;
  return Error{fmt::format("--out: cannot create the folder {} ({}); choose another",
                           directory.string(),
                           error ? error.message() : "something else has that name")};
}

}  // namespace psephos
