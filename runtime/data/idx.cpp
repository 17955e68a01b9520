#include "runtime/data/idx.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

namespace psephos {
namespace {

constexpr std::uint32_t kLabelsMagic = 0x00000801;  // unsigned bytes, one dimension
constexpr std::uint32_t kImagesMagic = 0x00000803;  // unsigned bytes, three dimensions
constexpr std::uint64_t kMaxDeflateRatio = 1032;    // 258 bytes for two bits
constexpr std::uint64_t kMinBufferBytes = 1024;
constexpr std::uint64_t kMaxBufferBytes = 256 * 1024;
constexpr std::size_t kChunkBytes = std::size_t{1} << 30;  // gzread counts in int

// A file that is unpacked as it is read if it is gzipped, and read as it is if not.
class UnpackedFile {
 public:
  static Result<UnpackedFile> open(const std::filesystem::path& path) {
    std::error_code failed;
    if (!std::filesystem::exists(path, failed)) {
      return Error{fmt::format("{}: no such file", path.string())};
    }
    if (!std::filesystem::is_regular_file(path, failed)) {
      return Error{fmt::format("{}: not a file", path.string())};
    }
    const std::uint64_t bytes = std::filesystem::file_size(path, failed);
    gzFile file = failed ? nullptr : gzopen(path.c_str(), "rb");
    if (file == nullptr) {
      return Error{fmt::format("{}: cannot be read; check its permissions", path.string())};
    }
    gzbuffer(file, static_cast<unsigned>(std::clamp(bytes, kMinBufferBytes, kMaxBufferBytes)));
    return UnpackedFile(path, bytes, file);
  }

  // Fills `out`, or says why it cannot.
  Status read(std::span<std::uint8_t> out) {
    while (!out.empty()) {
      const auto want = static_cast<unsigned>(std::min(out.size(), kChunkBytes));
      const int got = gzread(file_.get(), out.data(), want);
      if (got < 0) return damaged();
      if (got == 0) return Error{fmt::format("{}: the file is cut short; fetch it again", name())};
      out = out.subspan(static_cast<std::size_t>(got));
    }
    return Ok{};
  }

  // Reading on past the last byte also makes zlib compare the checksum.
  Status expect_end() {
    std::uint8_t byte = 0;
    const int got = gzread(file_.get(), &byte, 1);
    if (got > 0) {
      return Error{fmt::format("{}: more bytes than its header says; fetch it again", name())};
    }
    int code = Z_OK;
    gzerror(file_.get(), &code);
    return got < 0 || code != Z_OK ? damaged() : Status(Ok{});
  }

  // The most bytes, header included, that this file can hold. Known once something has been read.
  std::uint64_t max_bytes() const {
    return gzdirect(file_.get()) != 0 ? bytes_ : bytes_ * kMaxDeflateRatio;
  }

  std::string name() const { return path_.string(); }

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose_r(file); }
  };

  UnpackedFile(std::filesystem::path path, std::uint64_t bytes, gzFile file)
      : path_(std::move(path)), bytes_(bytes), file_(file) {}

  Status damaged() const {
    return Error{fmt::format("{}: the file is damaged; fetch it again", name())};
  }

  std::filesystem::path path_;
  std::uint64_t bytes_;
  std::unique_ptr<std::remove_pointer_t<gzFile>, Close> file_;
};

Result<std::uint32_t> read_big_endian(UnpackedFile& file) {
  std::array<std::uint8_t, 4> bytes{};
  if (Status status = file.read(bytes); !status) return status.error();
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

Status check_magic(const UnpackedFile& file, std::uint32_t magic, std::uint32_t expected) {
  if (magic == expected) return Ok{};
  if (magic == kLabelsMagic) {
    return Error{fmt::format("{}: holds labels where images are expected; are two files swapped?",
                             file.name())};
  }
  if (magic == kImagesMagic) {
    return Error{fmt::format("{}: holds images where labels are expected; are two files swapped?",
                             file.name())};
  }
  return Error{fmt::format("{}: starts with 0x{:08x}, not an IDX file of unsigned bytes (0x{:08x})",
                           file.name(), magic, expected)};
}

// Reads and checks the header: the dimensions, whose product is at most kMaxIdxBytes and no more
// than the file can hold.
Result<std::vector<std::size_t>> read_header(UnpackedFile& file, std::uint32_t expected_magic) {
  Result<std::uint32_t> magic = read_big_endian(file);
  if (!magic) return magic.error();
  if (Status status = check_magic(file, *magic, expected_magic); !status) return status.error();

  std::vector<std::size_t> dimensions;
  std::uint64_t payload = 1;
  const std::uint32_t dimension_count = expected_magic & 0xFF;
  for (std::uint32_t i = 0; i < dimension_count; ++i) {
    Result<std::uint32_t> dimension = read_big_endian(file);
    if (!dimension) return dimension.error();
    if (*dimension == 0) {
      return Error{fmt::format("{}: holds no samples; use other data", file.name())};
    }
    payload *= *dimension;  // both factors are at most 2^32
    if (payload > kMaxIdxBytes) {
      return Error{fmt::format("{}: its header speaks of more than {} bytes; use a smaller file",
                               file.name(), kMaxIdxBytes)};
    }
    dimensions.push_back(*dimension);
  }
  if (4 + 4 * std::uint64_t{dimension_count} + payload > file.max_bytes()) {
    return Error{fmt::format("{}: the file is cut short; fetch it again", file.name())};
  }
  return dimensions;
}

// An array of N dimensions: samples, and for N = 2 the bytes of each.
template <std::size_t N>
Result<xt::xtensor<std::uint8_t, N>> read_array(const std::filesystem::path& path,
                                                std::uint32_t magic) try {
  Result<UnpackedFile> file = UnpackedFile::open(path);
  if (!file) return file.error();
  Result<std::vector<std::size_t>> size = read_header(*file, magic);
  if (!size) return size.error();
  std::array<std::size_t, N> shape{(*size)[0]};
  if constexpr (N == 2) shape[1] = (*size)[1] * (*size)[2];
  xt::xtensor<std::uint8_t, N> array(shape);
  if (Status status = file->read({array.data(), array.size()}); !status) return status.error();
  if (Status status = file->expect_end(); !status) return status.error();
  return array;
} catch (const std::bad_alloc&) {
  return Error{fmt::format("{}: does not fit into this machine's memory", path.string())};
}

}  // namespace

Result<xt::xtensor<std::uint8_t, 2>> read_idx_images(const std::filesystem::path& path) {
  return read_array<2>(path, kImagesMagic);
}

Result<xt::xtensor<std::uint8_t, 1>> read_idx_labels(const std::filesystem::path& path) {
  return read_array<1>(path, kLabelsMagic);
}

}  // namespace psephos
