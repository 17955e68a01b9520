#include "runtime/report/npy.h"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <limits>

namespace psephos {

static_assert(std::endian::native == std::endian::little, "'<f4' is written as it lies in memory");
static_assert(std::numeric_limits<float>::is_iec559);

std::string npy_bytes(std::span<const float> values) {
  constexpr std::size_t kAlignment = 64;
  constexpr std::size_t kPreamble = 10;  // magic, version, length of the dictionary

  std::string dictionary =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}", values.size());
  const std::size_t unpadded = kPreamble + dictionary.size() + 1;
  dictionary.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  dictionary.push_back('\n');

  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes.reserve(kPreamble + dictionary.size() + values.size_bytes());
  bytes.push_back(static_cast<char>(dictionary.size() & 0xff));
  bytes.push_back(static_cast<char>(dictionary.size() >> 8));
  bytes += dictionary;
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return bytes;
}

}  // namespace psephos
