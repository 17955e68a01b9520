#pragma once
// The few calls through which a file is replaced and read back, as an interface: what must survive
// a failing disk is tested on one that fails at every call, and that loses what was never synced.
//
// Calls answer as the system's do: -1 (or an error) with errno set. Not thread-safe: one caller.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace psephos {

// Who may read a new file: as the umask says, or its owner alone (keys and secret seeds).
enum class Readers : std::uint8_t { kAsUmask, kOwnerOnly };

class Disk {
 public:
  virtual ~Disk() = default;

  // Opens `path`, emptied, for writing; never through a link. Permissions: those of `like` where
  // there is such a file, else as `readers` says. A descriptor.
  virtual int create(const std::filesystem::path& path, const std::filesystem::path& like,
                     Readers readers) = 0;
  // How many of `bytes` were written; fewer than all is no failure.
  virtual ssize_t write(int descriptor, std::span<const std::uint8_t> bytes) = 0;
  virtual int sync(int descriptor) = 0;
  // The descriptor is gone, whatever is answered.
  virtual int close(int descriptor) = 0;
  virtual int rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual int remove(const std::filesystem::path& path) = 0;
  // Makes the folder's names survive a power cut, as sync() does a file's bytes.
  virtual int sync_folder(const std::filesystem::path& folder) = 0;

  // The first `most` bytes of an ordinary file; nothing when there is no such file.
  virtual Result<std::optional<Bytes>> read(const std::filesystem::path& path,
                                            std::size_t most) = 0;
};

// The disk that there is. Has no state.
class SystemDisk final : public Disk {
 public:
  int create(const std::filesystem::path& path, const std::filesystem::path& like,
             Readers readers) override;
  ssize_t write(int descriptor, std::span<const std::uint8_t> bytes) override;
  int sync(int descriptor) override;
  int close(int descriptor) override;
  int rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  int remove(const std::filesystem::path& path) override;
  int sync_folder(const std::filesystem::path& folder) override;
  Result<std::optional<Bytes>> read(const std::filesystem::path& path, std::size_t most) override;
};

}  // namespace psephos
