#include "runtime/base/replace_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace psephos {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

  // Some file systems report a failed write only here.
  bool close() {
    const int result = ::close(fd_);
    fd_ = -1;
    return result == 0;
  }

 private:
  int fd_;
};

Error failure(const std::filesystem::path& path, int error) {
  return Error{fmt::format("cannot write {}: {}; check the folder, its permissions and free space",
                           path.string(), std::generic_category().message(error))};
}

bool write_all(int fd, std::span<const std::uint8_t> contents) {
  while (!contents.empty()) {
    const ssize_t written = ::write(fd, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    contents = contents.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

// A key file stays as private as it was.
bool keep_mode(const std::filesystem::path& from, int fd) {
  struct stat status {};
  if (::stat(from.c_str(), &status) != 0) return errno == ENOENT;
  return ::fchmod(fd, status.st_mode & 07777) == 0;
}

bool write_durably(const std::filesystem::path& temporary, const std::filesystem::path& path,
                   std::span<const std::uint8_t> contents) {
  FileDescriptor file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666));
  return file.valid() && keep_mode(path, file.get()) && write_all(file.get(), contents) &&
         ::fsync(file.get()) == 0 && file.close();
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

// Without it a power cut may bring the old name back. File systems that cannot flush a folder
// answer EINVAL, and have no stronger promise to give.
bool flush_folder(const std::filesystem::path& folder) {
  const FileDescriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return handle.valid() && (::fsync(handle.get()) == 0 || errno == EINVAL);
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

Status replace_file(const std::filesystem::path& path, std::span<const std::uint8_t> contents) {
  if (const Status possible = check_replaceable(path); !possible) return possible;
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  if (!write_durably(temporary, path, contents) || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return failure(path, error);
  }
  if (!flush_folder(folder_of(path))) {
    return Error{
        fmt::format("{} is written, but its folder cannot be flushed to disk: {}; a power "
                    "cut may undo it, check the disk",
                    path.string(), std::generic_category().message(errno))};
  }
  return Ok{};
}

Status replace_file(const std::filesystem::path& path, std::string_view contents) {
  return replace_file(
      path, std::span(reinterpret_cast<const std::uint8_t*>(contents.data()), contents.size()));
}

}  // namespace psephos
