#pragma once
// .npy files by hand, right and wrong.

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace psephos {

// Magic, version MAJOR.0, and the dictionary as it is.
inline std::string npy_envelope(std::string_view dictionary, int major) {
  std::string bytes("\x93NUMPY", 6);
  bytes += static_cast<char>(major);
  bytes += '\0';
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) {
    bytes += static_cast<char>(dictionary.size() >> 8 * i & 0xff);
  }
  return bytes.append(dictionary);
}

// As numpy.save writes it, with `shape` as Python writes it: "(3, 4)". Values start at byte 128.
inline std::string npy_file(std::string_view type, std::string_view shape,
                            std::string_view values) {
  std::string dictionary =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", type, shape);
  dictionary.resize(117, ' ');
  return npy_envelope(dictionary + '\n', 1).append(values);
}

}  // namespace psephos
