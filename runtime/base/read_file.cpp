#include "runtime/base/read_file.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

namespace psephos {

namespace fs = std::filesystem;

Result<std::string> read_file(const fs::path& path, std::size_t max_bytes) {
  std::error_code failed;
  if (!fs::exists(path, failed)) return Error{fmt::format("{}: no such file", path.string())};
  // A pipe or a device could be waited for and read for ever.
  if (!fs::is_regular_file(path, failed))
    return Error{fmt::format("{}: not a file", path.string())};
  std::ifstream file(path, std::ios::binary);
  std::string bytes;
  // Its size may change while it is read: what was read decides.
  constexpr std::size_t kStep = std::size_t{1} << 16;
  while (file && bytes.size() <= max_bytes) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kStep);
    file.read(bytes.data() + before, static_cast<std::streamsize>(kStep));
    bytes.resize(before + static_cast<std::size_t>(file.gcount()));
  }
  if (bytes.size() > max_bytes) {
    return Error{
        fmt::format("{}: larger than {} bytes: is it the right file?", path.string(), max_bytes)};
  }
  if (!file.eof()) {
    return Error{fmt::format("{}: cannot be read; check its permissions", path.string())};
  }
  return bytes;
}

}  // namespace psephos
