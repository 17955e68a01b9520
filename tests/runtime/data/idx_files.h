#pragma once
// Small IDX files, plain and gzipped.

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "tests/runtime/formats/temporary_folder.h"

namespace psephos {

inline void write_gzip(const std::filesystem::path& path, const FileBytes& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  if (file == nullptr) throw std::runtime_error("gzopen");
  const int written = gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  if (gzclose(file) != Z_OK || written != static_cast<int>(bytes.size())) {
    throw std::runtime_error("write_gzip");
  }
}

// Magic and dimensions, big-endian, then `payload`.
inline FileBytes idx_bytes(const std::vector<std::uint32_t>& header, const FileBytes& payload) {
  FileBytes bytes;
  for (const std::uint32_t word : header) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<std::uint8_t>(word >> shift));
    }
  }
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

inline constexpr std::uint32_t kLabels = 0x801;
inline constexpr std::uint32_t kImages = 0x803;

inline FileBytes idx_labels(const FileBytes& labels) {
  return idx_bytes({kLabels, static_cast<std::uint32_t>(labels.size())}, labels);
}

// `count` images of 2 x 3 bytes: 0, 1, 2, ...
inline FileBytes idx_images(std::uint32_t count) {
  FileBytes pixels(count * 6);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i);
  return idx_bytes({kImages, count, 2, 3}, pixels);
}

}  // namespace psephos
