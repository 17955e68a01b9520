#include <gtest/gtest.h>

#include <bit>

#include "tests/platforms/kernels/naive.h"

namespace psephos::kernels::testing {
namespace {

constexpr std::uint8_t kGuard = 0xA5;

std::size_t ones(const std::vector<std::uint32_t>& plane) {
  std::size_t count = 0;
  for (const std::uint32_t word : plane) count += static_cast<std::size_t>(std::popcount(word));
  return count;
}

// Planes from empty over sparse and dense to full.
std::vector<std::uint32_t> voted_plane(std::size_t words, int density, Words& random) {
  std::vector<std::uint32_t> plane(words, density == 4 ? ~0u : 0u);
  if (density == 1) plane = random_plane(words, random);
  if (density == 2 || density == 3) {
    const std::vector<std::uint32_t> a = random_plane(words, random);
    const std::vector<std::uint32_t> b = random_plane(words, random);
    for (std::size_t w = 0; w < words; ++w) plane[w] = density == 2 ? a[w] & b[w] : a[w] | b[w];
  }
  return plane;
}

TEST(GatherSigns, PutsTheSignsOfVotedParametersOneBehindTheOther) {
  Words random(3);
  for (const Kernels* table : runnable_tables()) {
    for (std::size_t words = 0; words < 70; ++words) {
      for (int density = 0; density <= 4; ++density) {
        const std::vector<std::uint32_t> voted = voted_plane(words, density, random);
        const std::vector<std::uint32_t> signs = random_plane(words, random);
        const std::size_t bytes = (ones(voted) + 7) / 8;
        std::vector<std::uint8_t> expected(bytes + 1, 0);
        expected.back() = kGuard;
        std::size_t n = 0;
        for (std::size_t w = 0; w < words; ++w) {
          for (unsigned bit = 0; bit < 32; ++bit) {
            if (((voted[w] >> bit) & 1) == 0) continue;
            expected[n / 8] |= static_cast<std::uint8_t>(((signs[w] >> bit) & 1) << (n % 8));
            ++n;
          }
        }
        std::vector<std::uint8_t> gathered(bytes + 1, kGuard);
        table->gather_signs(signs.data(), voted.data(), words, gathered.data());
        ASSERT_EQ(gathered, expected) << table->name << " words=" << words;
      }
    }
  }
}

TEST(ScatterSigns, UndoesGathering) {
  Words random(4);
  for (const Kernels* table : runnable_tables()) {
    for (std::size_t words = 0; words < 70; ++words) {
      for (int density = 0; density <= 4; ++density) {
        const std::vector<std::uint32_t> voted = voted_plane(words, density, random);
        std::vector<std::uint32_t> signs = random_plane(words, random);
        std::vector<std::uint8_t> bytes((ones(voted) + 7) / 8);  // exact, for the sanitizers
        table->gather_signs(signs.data(), voted.data(), words, bytes.data());
        std::vector<std::uint32_t> scattered(words, 0xA5A5A5A5);
        table->scatter_signs(bytes.data(), bytes.size(), voted.data(), words, scattered.data());
        for (std::size_t w = 0; w < words; ++w) signs[w] &= voted[w];
        ASSERT_EQ(scattered, signs) << table->name << " words=" << words;
      }
    }
  }
}

}  // namespace
}  // namespace psephos::kernels::testing
