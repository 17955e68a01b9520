#include "platforms/kernels/philox.h"

#include <gtest/gtest.h>

#include "platforms/kernels/neon/neon.h"

namespace psephos::kernels {
namespace {

// Random123's kat_vectors, philox4x32 with 10 rounds.
TEST(Philox, GivesTheKnownAnswersOfRandom123) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

#if defined(PSEPHOS_NEON)

TEST(Philox, GivesTheSameFourBlocksAtOnceAlsoWhereTheIndexCarries) {
  if (!neon::runnable()) GTEST_SKIP() << "this processor has no NEON";
  const CoinAddress address{{0xa4093822, 0x299f31d0}, 0x13198a2e, 0x03707344};
  for (const std::uint64_t index : {0ULL, 1ULL, 0x243f6a88ULL, 0xfffffffeULL, ~0ULL - 2}) {
    std::uint32_t words[16];
    neon::philox_words(index, address, words);
    for (std::uint64_t block = 0; block < 4; ++block) {
      const std::uint64_t at = index + block;
      const PhiloxBlock expected =
          philox4x32({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at >> 32),
                      address.round, address.purpose},
                     {address.key[0], address.key[1]});
      for (std::size_t k = 0; k < 4; ++k) {
        EXPECT_EQ(words[4 * static_cast<std::size_t>(block) + k], expected[k]) << index;
      }
    }
  }
}

#endif

}  // namespace
}  // namespace psephos::kernels
