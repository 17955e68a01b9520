#pragma once
// A file of a stranger, open for reading: its size is known, so that a header that lies can be told
// before anything is allocated for it.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "runtime/base/result.h"

namespace psephos {

// Moves, never copies. One thread at a time.
class InputFile {
 public:
  // Ordinary files only: a pipe or a device has no size. Errors begin with the path.
  static Result<InputFile> open(const std::filesystem::path& path);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();

  // In bytes, when it was opened.
  std::uint64_t size() const { return size_; }
  std::string name() const { return path_.string(); }

  // The next bytes: as many as `out` holds, fewer only at the end of the file.
  Result<std::size_t> read_some(std::span<std::uint8_t> out);
  // The next bytes, all that `out` holds.
  Status read(std::span<std::uint8_t> out);
  // The next byte is that at `offset`, counted from the start.
  Status seek(std::uint64_t offset);

 private:
  InputFile(std::filesystem::path path, int descriptor, std::uint64_t size);

  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t size_;
};

}  // namespace psephos
