#pragma once
// Whole-file writes that are never seen half-done: temporary in the same folder, fsync, rename,
// fsync of the folder.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "runtime/base/disk.h"
#include "runtime/base/result.h"

namespace psephos {

// Could replace_file(path) work, as far as can be told now? For a result that takes long to make.
Status check_replaceable(const std::filesystem::path& path);

// Replaces `path` by `contents`, or leaves it as it was and says why. Permissions of a file that
// was there are kept; what is not an ordinary file (a folder, a device) is refused. The temporary
// is `path` + ".tmp", so that one left by a power cut is overwritten by the next write instead of
// piling up: one writer per path at a time.
Status replace_file(const std::filesystem::path& path, std::span<const std::uint8_t> contents,
                    Readers readers = Readers::kAsUmask);
Status replace_file(const std::filesystem::path& path, std::string_view contents,
                    Readers readers = Readers::kAsUmask);

// The same on `disk`, without a look at what `path` is: the caller did that, once.
Status replace_file(Disk& disk, const std::filesystem::path& path,
                    std::span<const std::uint8_t> contents, Readers readers);

// Makes the name of a file that was just renamed to `path` survive a power cut.
Status sync_name(Disk& disk, const std::filesystem::path& path);

}  // namespace psephos
