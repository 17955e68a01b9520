#pragma once
// NumPy's .npy format: what numpy.save writes and numpy.load reads without being told anything.
//
// A file is a magic number, a version, a Python dictionary ("header") with the type, order and
// shape of one array, and the array's bytes. The format is described in NumPy's documentation,
// under numpy.lib.format.

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/formats/input_file.h"

namespace psephos {

inline constexpr std::size_t kMaxNpyHeaderBytes = 65'536;  // NumPy's own take 118
inline constexpr std::size_t kMaxNpyDimensions = 8;

// What a header says of its array. The values lie in C order (the last index runs fastest) and are
// little-endian.
struct NpyHeader {
  std::string type;                  // NumPy's word ("descr"): "<f4", "|u1", "<i8", ...
  std::size_t value_bytes = 0;       // of one value of that type
  std::vector<std::uint64_t> shape;  // empty: one number
  std::uint64_t values = 0;          // product of `shape`
  std::uint64_t header_bytes = 0;    // what lies before the first value

  std::uint64_t data_bytes() const { return values * value_bytes; }  // never overflows
};

// Reads the header at the start of a file of `file_bytes` bytes. `start`: its first bytes, all of
// them or at least 12 + kMaxNpyHeaderBytes. Versions 1.0 and 2.0, numbers only, C order only,
// little-endian only, and the array's bytes must be exactly those that follow the header: a header
// that lies about the shape is refused here, before anything is allocated for it. Errors begin with
// `name` and say what to do in NumPy.
Result<NpyHeader> parse_npy_header(std::span<const std::uint8_t> start, std::uint64_t file_bytes,
                                   std::string_view name);

// An array in a file, its header read and checked.
class NpyFile {
 public:
  static Result<NpyFile> open(const std::filesystem::path& path);

  const NpyHeader& header() const { return header_; }
  std::string name() const { return file_.name(); }

  // An error that names this file's type and those that would do, unless it is among them.
  Status expect_type(std::initializer_list<std::string_view> types) const;

  // The array's bytes; `out` has header().data_bytes(). Once.
  Status read(std::span<std::uint8_t> out);
  // The same as values, of a T that is what header().type says.
  template <class T>
  Status read(std::span<T> out) {
    return read(std::span(reinterpret_cast<std::uint8_t*>(out.data()), out.size_bytes()));
  }

 private:
  NpyFile(InputFile file, NpyHeader header) : file_(std::move(file)), header_(std::move(header)) {}

  InputFile file_;  // stands at the first value
  NpyHeader header_;
};

// "(60000, 28, 28)", as Python writes it.
std::string shape_in_words(std::span<const std::uint64_t> shape);

// A .npy file (version 1.0, '<f4', one dimension) as bytes. The values start at a multiple of 64
// bytes, so the file can be mapped and used as it lies.
std::string npy_bytes(std::span<const float> values);

}  // namespace psephos
