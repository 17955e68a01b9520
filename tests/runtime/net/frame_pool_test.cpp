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
  for (const std::size_t size : {100, 5000, 7, 0, 4999, 4095, 4096, 5001}) {
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
  EXPECT_EQ(pool.copy(bytes(4500, 3))->data(), memory);
  EXPECT_EQ(*second, bytes(5000, 2));
}

TEST(FramePool, GivesEveryFrameTheSmallestBufferThatHoldsIt) {
  FramePool pool(kPlenty);
  Frame large = pool.copy(bytes(50'000, 1));
  Frame middle = pool.copy(bytes(20'000, 2));
  Frame small = pool.copy(bytes(5'000, 3));
  const std::uint8_t* of_large = large->data();
  const std::uint8_t* of_middle = middle->data();
  const std::uint8_t* of_small = small->data();
  large.reset();
  small.reset();
  middle.reset();
  const Frame next_large = pool.copy(bytes(30'000, 4));
  const Frame next_small = pool.copy(bytes(5'000, 5));
  const Frame next_middle = pool.copy(bytes(5'001, 6));
  EXPECT_EQ(next_large->data(), of_large);
  EXPECT_EQ(next_small->data(), of_small);
  EXPECT_EQ(next_middle->data(), of_middle);
}

TEST(FramePool, LeavesItsBuffersToLargeFrames) {
  FramePool pool(kPlenty);
  const std::uint8_t* memory = pool.copy(bytes(50'000, 1))->data();
  const Frame heartbeat = pool.copy(bytes(20, 2));
  EXPECT_EQ(*heartbeat, bytes(20, 2));
  EXPECT_EQ(pool.copy(bytes(50'000, 3))->data(), memory);
}

TEST(FramePool, KeepsNoMoreThanItMay) {
  FramePool pool(0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*pool.copy(bytes(5000, 1)), bytes(5000, 1));
}

TEST(FramePool, IsOutlivedByItsFrames) {
  Frame frame;
  {
    FramePool pool(kPlenty);
    frame = pool.copy(bytes(5000, 9));
  }
  EXPECT_EQ(*frame, bytes(5000, 9));
}

TEST(FramePool, TakesFramesBackFromAnyThread) {
  FramePool pool(kPlenty);
  for (int i = 0; i < 100; ++i) {
    Frame frame = pool.copy(bytes(10'000, static_cast<std::uint8_t>(i)));
    std::thread elsewhere([gone = std::move(frame)]() mutable { gone.reset(); });
    EXPECT_EQ(*pool.copy(bytes(5000, 7)), bytes(5000, 7));
    elsewhere.join();
  }
}

}  // namespace
}  // namespace psephos::net
