#include "runtime/replica/fingerprint.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <vector>

#include "runtime/base/units.h"

namespace psephos::fingerprint_test {
namespace {

// Distinct, exact in float.
std::vector<float> ramp(std::size_t count) {
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<float>(i) * 0.25f - 1000;
  return x;
}

TEST(Fingerprint, IsTheHashOfTheListOfBlockHashes) {
  for (const std::size_t d :
       {std::size_t{0}, std::size_t{1}, kFingerprintBlock - 1, kFingerprintBlock,
        kFingerprintBlock + 1, 3 * kFingerprintBlock, 3 * kFingerprintBlock + 17}) {
    const std::vector<float> x = ramp(d);
    std::vector<std::uint8_t> list;
    for (std::size_t first = 0; first < d; first += 65'536) {
      const std::uint64_t hash =
          XXH3_64bits(x.data() + first, 4 * std::min<std::size_t>(65'536, d - first));
      for (int shift = 0; shift < 64; shift += 8) {
        list.push_back(static_cast<std::uint8_t>(hash >> shift));
      }
    }
    EXPECT_EQ(fingerprint(x), XXH3_64bits(list.data(), list.size())) << d;
    EXPECT_EQ(block_hashes(x).size(), (d + 65'535) / 65'536);
  }
}

TEST(Fingerprint, IsTheGoldenValueOfARamp) {
  EXPECT_EQ(format_hex(fingerprint(ramp(100'000))), "d14766a1a5af3feb");
}

TEST(Fingerprint, SeesEveryBitAndNamesItsBlock) {
  std::vector<float> x = ramp(2 * kFingerprintBlock + 5);
  const std::vector<std::uint64_t> blocks = block_hashes(x);
  const std::uint64_t before = fingerprint(x);
  x[kFingerprintBlock] = -x[kFingerprintBlock];
  EXPECT_NE(fingerprint(x), before);
  const std::vector<std::uint64_t> changed = block_hashes(x);
  EXPECT_EQ(changed[0], blocks[0]);
  EXPECT_NE(changed[1], blocks[1]);
  EXPECT_EQ(changed[2], blocks[2]);
}

}  // namespace
}  // namespace psephos::fingerprint_test
