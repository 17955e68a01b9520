#include "platforms/kernels/bit_stream.h"

#include <gtest/gtest.h>

#include <vector>

#include "platforms/kernels/portable/gather.h"
#include "tests/platforms/kernels/naive.h"

namespace psephos::kernels::testing {
namespace {

using portable::gather_bits;
using portable::scatter_bits;

TEST(BitStream, ScatterUndoesGather) {
  Words random(1);
  for (int k = 0; k < 2000; ++k) {
    const std::uint32_t word = random.next();
    const std::uint32_t mask = k == 0 ? 0 : k == 1 ? ~std::uint32_t{0} : random.next();
    EXPECT_EQ(scatter_bits(gather_bits(word, mask), mask), word & mask);
  }
}

TEST(BitStream, GatherKeepsTheOrderOfTheBits) {
  EXPECT_EQ(gather_bits(0b1010'0110, 0b1111'0000), 0b1010U);
  EXPECT_EQ(gather_bits(0b1000'0010, 0b1000'0011), 0b110U);
  EXPECT_EQ(scatter_bits(0b101, 0b1000'0011), 0b1000'0001U);
}

TEST(BitStream, ReadersGetWhatWritersPutAtEveryWidth) {
  Words random(2);
  for (int count = 0; count < 300; ++count) {
    std::vector<std::uint32_t> values;
    std::vector<unsigned> widths;
    std::size_t total = 0;
    for (int k = 0; k < count; ++k) {
      const unsigned width = random.below(33);
      const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
      widths.push_back(width);
      values.push_back(static_cast<std::uint32_t>(random.next() & mask));
      total += width;
    }
    std::vector<std::uint8_t> bytes((total + 7) / 8);  // exact: a sanitizer sees a byte too many
    BitWriter writer(bytes.data());
    for (std::size_t k = 0; k < values.size(); ++k) writer.write(values[k], widths[k]);
    writer.finish();
    BitReader reader(bytes.data(), bytes.size());
    for (std::size_t k = 0; k < values.size(); ++k) ASSERT_EQ(reader.read(widths[k]), values[k]);
  }
}

}  // namespace
}  // namespace psephos::kernels::testing
