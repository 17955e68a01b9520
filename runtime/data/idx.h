#pragma once
// IDX, MNIST's file format (big-endian magic, dimensions, bytes), plain or gzipped.

#include <cstdint>
#include <filesystem>
#include <xtensor/xtensor.hpp>

#include "runtime/base/result.h"

namespace psephos {

inline constexpr std::uint64_t kMaxIdxBytes = std::uint64_t{4} << 30;  // unpacked payload

// Unsigned bytes only (type 0x08). Before anything is allocated the header's dimensions are checked
// against kMaxIdxBytes and against the file's size (of a gzipped file: against the most that
// deflate can make of it), so a lying header costs nothing. Short files, trailing bytes, damaged
// gzip data and files without samples are refused. Errors begin with the path.
Result<xt::xtensor<std::uint8_t, 2>> read_idx_images(
    const std::filesystem::path& path);  // n x (rows*cols)
Result<xt::xtensor<std::uint8_t, 1>> read_idx_labels(const std::filesystem::path& path);

}  // namespace psephos
