#include "runtime/base/files.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

namespace psephos {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Result<std::string> read_whole(const fs::path& path, std::size_t most_bytes) {
  std::ifstream file(path, std::ios::binary);
  std::string text(most_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.gcount() > static_cast<std::streamsize>(most_bytes)) {
    return Error{fmt::format("{} is longer than {} bytes", path.string(), most_bytes)};
  }
  if (!file.eof()) return Error{fmt::format("{} cannot be read", path.string())};
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
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
