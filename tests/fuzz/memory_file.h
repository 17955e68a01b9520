#pragma once
// A file that exists in memory alone, for readers that open one by its name: they are fuzzed as
// they are shipped, opening included.

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <span>

#include "runtime/base/check.h"

namespace psephos {

// One for each target, whose contents every input replaces.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    PSEPHOS_CHECK(descriptor_ >= 0, "memfd_create");
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void hold(std::span<const std::uint8_t> bytes) {
    PSEPHOS_CHECK(ftruncate(descriptor_, 0) == 0, "ftruncate");
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), 0);
    PSEPHOS_CHECK(written == static_cast<ssize_t>(bytes.size()), "pwrite");
  }

  std::filesystem::path path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

}  // namespace psephos
