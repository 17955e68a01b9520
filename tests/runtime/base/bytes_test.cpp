#include "runtime/base/bytes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <new>
#include <utility>

namespace psephos {
namespace {

TEST(AlignedVectors, BeginAtAMultipleOf64WhateverTheirSize) {
  for (std::size_t n = 1; n < 200; ++n) {
    AlignedVector<float> floats(n, 1.5F);
    Bytes bytes(n, 7);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(floats.data()) % kAlignment, 0u) << n;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % kAlignment, 0u) << n;
    floats.back() = 2.5F;
    bytes.front() = 8;
    EXPECT_EQ(floats.front(), n == 1 ? 2.5F : 1.5F);
    EXPECT_EQ(bytes.back(), n == 1 ? 8 : 7);
  }
}

TEST(AlignedVectors, KeepTheirBufferWhenTheyAreMoved) {
  Bytes bytes(100, 3);
  const std::uint8_t* const buffer = bytes.data();
  Bytes moved = std::move(bytes);
  EXPECT_EQ(moved.data(), buffer);
  moved = Bytes();
  EXPECT_TRUE(moved.empty());
}

TEST(AlignedVectors, AllocateWhatIsEmptyAndRefuseWhatNoMemoryHolds) {
  AlignedAllocator<float> allocator;
  float* const empty = allocator.allocate(0);
  EXPECT_NE(empty, nullptr);
  allocator.deallocate(empty, 0);
#ifndef PSEPHOS_ADDRESS_SANITIZER
  EXPECT_THROW(allocator.allocate(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
#endif
}

}  // namespace
}  // namespace psephos
