#include "runtime/base/free_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <vector>

namespace psephos {
namespace {

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

std::uint64_t resident_bytes() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

TEST(FreeMemory, BetweenBlocksInUseGoesBack) {
  constexpr std::size_t kBlock = 32 * 1024;
  std::vector<std::unique_ptr<std::vector<char>>> blocks;
  for (int i = 0; i < 2000; ++i) {
    blocks.push_back(std::make_unique<std::vector<char>>(kBlock, 'x'));
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i % 8 != 0) blocks[i].reset();
  }
  const std::uint64_t before = resident_bytes();
  return_free_memory();
  EXPECT_LT(resident_bytes(), before - 1000 * kBlock);
  EXPECT_EQ(blocks[8]->back(), 'x');
}

#else

TEST(FreeMemory, IsLeftToWhateverElseAllocates) { return_free_memory(); }

#endif

}  // namespace
}  // namespace psephos
