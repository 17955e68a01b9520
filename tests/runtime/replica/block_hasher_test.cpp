#include "runtime/replica/block_hasher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "runtime/replica/fingerprint.h"

namespace psephos {
namespace {

std::vector<float> ramp(std::size_t d) {
  std::vector<float> x(d);
  for (std::size_t i = 0; i < d; ++i) x[i] = 0.25F * static_cast<float>(i) - 3.0F;
  return x;
}

TEST(BlockHasher, GivesTheBlocksHashHoweverItIsCut) {
  BlockHasher hasher;
  for (const std::size_t d : {std::size_t{0}, std::size_t{1}, std::size_t{60}, std::size_t{61},
                              std::size_t{1024}, std::size_t{5000}, kFingerprintBlock}) {
    const std::vector<float> x = ramp(d);
    for (const std::size_t piece : {std::size_t{7}, std::size_t{1024}, std::size_t{4096}}) {
      for (std::size_t i = 0; i < d; i += piece) {
        hasher.add(std::span(x).subspan(i, std::min(piece, d - i)));
      }
      EXPECT_EQ(hasher.finish(), block_hash(x)) << "d=" << d << " piece " << piece;
    }
  }
}

}  // namespace
}  // namespace psephos
