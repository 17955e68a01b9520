#pragma once
// Small IDX files in a folder that goes away with the test.

#include <stdlib.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace psephos {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "psephos-data-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = path;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

using FileBytes = std::vector<std::uint8_t>;

inline void write_file(const std::filesystem::path& path, const FileBytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("write_file");
}

inline FileBytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return FileBytes(std::istreambuf_iterator<char>(file), {});
}

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
