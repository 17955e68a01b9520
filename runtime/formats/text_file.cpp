#include "runtime/formats/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "runtime/formats/input_file.h"

namespace psephos {

Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t max_bytes) {
  auto file = InputFile::open(path);
  if (!file) return file.error();
  if (file->size() > max_bytes) {
    return Error{
        fmt::format("{}: is larger than {} bytes; is it the right file?", file->name(), max_bytes)};
  }
  std::string text(static_cast<std::size_t>(file->size()), '\0');
  const auto got =
      file->read_some(std::span(reinterpret_cast<std::uint8_t*>(text.data()), text.size()));
  if (!got) return got.error();
  text.resize(*got);  // it may have shrunk
  return text;
}

}  // namespace psephos
