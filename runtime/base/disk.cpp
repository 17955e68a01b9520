#include "runtime/base/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace psephos {
namespace {

constexpr mode_t kOwnerOnlyMode = 0600;

// Closed at the end, with errno as it was.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile() {
    if (descriptor_ < 0) return;
    const int error = errno;
    ::close(descriptor_);
    errno = error;
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool valid() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

// A key file stays as private as it was.
bool set_mode(int descriptor, const std::filesystem::path& like, Readers readers) {
  struct stat status {};
  if (::stat(like.c_str(), &status) == 0) {
    return ::fchmod(descriptor, status.st_mode & 07777) == 0;
  }
  if (errno != ENOENT) return false;
  return readers == Readers::kAsUmask || ::fchmod(descriptor, kOwnerOnlyMode) == 0;
}

Error cannot_read(const std::filesystem::path& path, const std::string& why) {
  return Error{fmt::format("cannot read {}: {}", path.string(), why)};
}

}  // namespace

int SystemDisk::create(const std::filesystem::path& path, const std::filesystem::path& like,
                       Readers readers) {
  const mode_t mode = readers == Readers::kOwnerOnly ? kOwnerOnlyMode : 0666;
  OpenFile file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  return file.valid() && set_mode(file.get(), like, readers) ? file.release() : -1;
}

ssize_t SystemDisk::write(int descriptor, std::span<const std::uint8_t> bytes) {
  return ::write(descriptor, bytes.data(), bytes.size());
}

int SystemDisk::sync(int descriptor) { return ::fsync(descriptor); }

int SystemDisk::close(int descriptor) { return ::close(descriptor); }

int SystemDisk::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  return ::rename(from.c_str(), to.c_str());
}

int SystemDisk::remove(const std::filesystem::path& path) { return ::unlink(path.c_str()); }

int SystemDisk::sync_folder(const std::filesystem::path& folder) {
  const OpenFile handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // File systems that cannot flush a folder answer EINVAL, and have no stronger promise to give.
  return handle.valid() && (::fsync(handle.get()) == 0 || errno == EINVAL) ? 0 : -1;
}

Result<std::optional<Bytes>> SystemDisk::read(const std::filesystem::path& path, std::size_t most) {
  // A pipe would make open() wait for a writer.
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid() && errno == ENOENT) return std::optional<Bytes>();
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) {
    return cannot_read(path, std::generic_category().message(errno));
  }
  if (!S_ISREG(status.st_mode)) return cannot_read(path, "it is not an ordinary file");
  Bytes bytes(std::min(most, static_cast<std::size_t>(status.st_size)));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_read(path, std::generic_category().message(errno));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return std::optional(std::move(bytes));
}

}  // namespace psephos
