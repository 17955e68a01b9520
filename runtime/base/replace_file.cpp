#include "runtime/base/replace_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace psephos {
namespace {

Error failure(const std::filesystem::path& path, int error) {
  return Error{fmt::format("cannot write {}: {}; check the folder, its permissions and free space",
                           path.string(), std::generic_category().message(error))};
}

bool write_all(Disk& disk, int descriptor, std::span<const std::uint8_t> contents) {
  while (!contents.empty()) {
    const ssize_t written = disk.write(descriptor, contents);
    if (written < 0 && errno == EINTR) continue;
    if (written == 0) errno = EIO;
    if (written <= 0) return false;
    contents = contents.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

// Some file systems report a failed write only when the file is closed.
bool write_durably(Disk& disk, const std::filesystem::path& temporary,
                   const std::filesystem::path& path, std::span<const std::uint8_t> contents,
                   Readers readers) {
  const int descriptor = disk.create(temporary, path, readers);
  if (descriptor < 0) return false;
  const bool written = write_all(disk, descriptor, contents) && disk.sync(descriptor) == 0;
  const int error = errno;
  const bool closed = disk.close(descriptor) == 0;
  if (!written) errno = error;
  return written && closed;
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

}  // namespace

Status check_replaceable(const std::filesystem::path& path) {
  // rename() would put a file in the place of /dev/null as readily as anywhere else.
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
    return Error{fmt::format("cannot write {}: it is not an ordinary file; choose another name",
                             path.string())};
  }
  if (::access(folder_of(path).c_str(), W_OK | X_OK) != 0) return failure(path, errno);
  return Ok{};
}

Status replace_file(Disk& disk, const std::filesystem::path& path,
                    std::span<const std::uint8_t> contents, Readers readers) {
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  if (!write_durably(disk, temporary, path, contents, readers) ||
      disk.rename(temporary, path) != 0) {
    const int error = errno;
    disk.remove(temporary);
    return failure(path, error);
  }
  return sync_name(disk, path);
}

Status replace_file(const std::filesystem::path& path, std::span<const std::uint8_t> contents,
                    Readers readers) {
  if (const Status possible = check_replaceable(path); !possible) return possible;
  SystemDisk disk;
  return replace_file(disk, path, contents, readers);
}

Status replace_file(const std::filesystem::path& path, std::string_view contents, Readers readers) {
  return replace_file(
      path, std::span(reinterpret_cast<const std::uint8_t*>(contents.data()), contents.size()),
      readers);
}

Status sync_name(Disk& disk, const std::filesystem::path& path) {
  if (disk.sync_folder(folder_of(path)) == 0) return Ok{};
  return Error{
      fmt::format("{} is written, but its folder cannot be flushed to disk: {}; a power "
                  "cut may undo it, check the disk",
                  path.string(), std::generic_category().message(errno))};
}

}  // namespace psephos
