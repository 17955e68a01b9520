#include "runtime/formats/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace psephos {
namespace {

Error unreadable(const std::filesystem::path& path, int error) {
  return Error{fmt::format("{}: cannot be read ({}); check its name and permissions", path.string(),
                           std::generic_category().message(error))};
}

}  // namespace

Result<InputFile> InputFile::open(const std::filesystem::path& path) {
  // Opening a pipe that nobody writes to would wait for ever.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0 && errno == ENOENT) {
    return Error{fmt::format("{}: no such file", path.string())};
  }
  if (descriptor < 0) return unreadable(path, errno);
  struct stat status {};
  const int failed = ::fstat(descriptor, &status) == 0 ? 0 : errno;
  InputFile file(path, descriptor, static_cast<std::uint64_t>(status.st_size));
  if (failed != 0) return unreadable(path, failed);
  if (!S_ISREG(status.st_mode)) return Error{fmt::format("{}: not a file", path.string())};
  return file;
}

InputFile::InputFile(std::filesystem::path path, int descriptor, std::uint64_t size)
    : path_(std::move(path)), descriptor_(descriptor), size_(size) {}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::size_t> InputFile::read_some(std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::read(descriptor_, out.data() + done, out.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path_, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Status InputFile::read(std::span<std::uint8_t> out) {
  const Result<std::size_t> got = read_some(out);
  if (!got) return got.error();
  if (*got == out.size()) return Ok{};
  return Error{fmt::format("{}: the file is cut short; save or fetch it again", name())};
}

Status InputFile::seek(std::uint64_t offset) {
  if (::lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) < 0) {
    return unreadable(path_, errno);
  }
  return Ok{};
}

}  // namespace psephos
