#include "runtime/net/frame_pool.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace psephos::net {
namespace {

constexpr std::size_t kPlenty = 1 << 20;

Bytes bytes(std::size_t size, std::uint8_t value) { return Bytes(size, value); }

TEST(FramePool, CopiesWhateverItsBuffersHeldBefore) {
  FramePool pool(kPlenty);
  for (const std::size_t size : {100, 7, 0, 1000, 999, 1001}) {
    const Bytes wanted = bytes(size, static_cast<std::uint8_t>(size));
    EXPECT_EQ(*pool.copy(wanted), wanted) << size;
  }
}

TEST(FramePool, UsesTheMemoryOfAFrameThatIsGone) {
  FramePool pool(kPlenty);
  Frame first = pool.copy(bytes(5000, 1));
  const std::uint8_t* memory = first->data();
  const Frame second = pool.copy(bytes(5000, 2));
  EXPECT_NE(second->data(), memory);  // the first is still there
  first.reset();
  EXPECT_EQ(pool.copy(bytes(4000, 3))->data(), memory);
  EXPECT_EQ(*second, bytes(5000, 2));
}

TEST(FramePool, KeepsNoMoreThanItMay) {
  FramePool pool(0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*pool.copy(bytes(5000, 1)), bytes(5000, 1));
}

TEST(FramePool, IsOutlivedByItsFrames) {
  Frame frame;
  {
    FramePool pool(kPlenty);
    frame = pool.copy(bytes(300, 9));
  }
  EXPECT_EQ(*frame, bytes(300, 9));
}

TEST(FramePool, TakesFramesBackFromAnyThread) {
  FramePool pool(kPlenty);
  for (int i = 0; i < 100; ++i) {
    Frame frame = pool.copy(bytes(1000, static_cast<std::uint8_t>(i)));
    std::thread elsewhere([gone = std::move(frame)]() mutable { gone.reset(); });
    EXPECT_EQ(*pool.copy(bytes(10, 7)), bytes(10, 7));
    elsewhere.join();
  }
}

}  // namespace
}  // namespace psephos::net
