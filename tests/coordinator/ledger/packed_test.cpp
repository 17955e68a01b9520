#include "coordinator/ledger/packed.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "tests/runtime/wire/examples.h"

namespace psephos::coordinator {
namespace {

using wire::testing::Dice;
using wire::testing::random_bytes;

TEST(PackedCheckpoint, ComesBackAsItWas) {
  Dice dice(1);
  for (const std::size_t size : {0u, 1u, 32u, 1000u, 500'000u}) {
    const auto random = random_bytes(dice, size);
    const Bytes checkpoint(random.begin(), random.end());
    const auto back = unpack(pack(checkpoint), size);
    ASSERT_TRUE(back.ok()) << size;
    EXPECT_EQ(*back, checkpoint);
  }
}

TEST(PackedCheckpoint, AnotherSizeIsRefusedBeforeAnythingIsAllocated) {
  const Bytes packed = pack(Bytes(1000));
  EXPECT_FALSE(unpack(packed, 999).ok());
  EXPECT_FALSE(unpack(packed, std::size_t{1} << 62).ok());  // to allocate it would throw
}

TEST(PackedCheckpoint, CutBytesAreRefusedAndDamagedOnesDoNoHarm) {
  Dice dice(2);
  const auto random = random_bytes(dice, 3000);
  const Bytes checkpoint(random.begin(), random.end());
  const Bytes packed = pack(checkpoint);
  for (std::size_t i = 0; i < packed.size(); i += 7) {
    Bytes cut(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(unpack(cut, checkpoint.size()).ok());
    Bytes damaged = packed;
    damaged[i] ^= 4;
    (void)unpack(damaged, checkpoint.size());  // the row's checksum tells; this must not crash
  }
  EXPECT_FALSE(unpack(Bytes(), 10).ok());
}

}  // namespace
}  // namespace psephos::coordinator
