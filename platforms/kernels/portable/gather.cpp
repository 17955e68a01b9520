#include "platforms/kernels/portable/gather.h"

#include <bit>

#include "platforms/kernels/bit_stream.h"
#include "platforms/kernels/portable/portable.h"

namespace psephos::kernels::portable {

void gather_signs(const std::uint32_t* signs, const std::uint32_t* voted, std::size_t words,
                  std::uint8_t* out) {
  BitWriter writer(out);
  for (std::size_t w = 0; w < words; ++w) {
    writer.write(gather_bits(signs[w], voted[w]), static_cast<unsigned>(std::popcount(voted[w])));
  }
  writer.finish();
}

void scatter_signs(const std::uint8_t* in, std::size_t bytes, const std::uint32_t* voted,
                   std::size_t words, std::uint32_t* signs) {
  BitReader reader(in, bytes);
  for (std::size_t w = 0; w < words; ++w) {
    const auto count = static_cast<unsigned>(std::popcount(voted[w]));
    signs[w] = scatter_bits(reader.read(count), voted[w]);
  }
}

}  // namespace psephos::kernels::portable
