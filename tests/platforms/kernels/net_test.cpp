#include <gtest/gtest.h>

#include <bit>

#include "tests/platforms/kernels/naive.h"

namespace psephos::kernels::testing {
namespace {

// Votes of `ternary` voters who vote where they like and `all` who vote everywhere, as counters and
// as numbers.
struct Count {
  std::vector<std::uint32_t> negative, voted;
  std::size_t negative_planes, voted_planes;
  std::vector<std::int32_t> net;
};

Count random_count(std::size_t d, std::uint32_t ternary, std::uint32_t all, Words& random) {
  const std::size_t words = naive_words(d);
  Count count;
  count.negative_planes = static_cast<std::size_t>(std::bit_width(ternary + all));
  count.voted_planes = static_cast<std::size_t>(std::bit_width(ternary));
  count.negative.resize(count.negative_planes * words);
  count.voted.resize(count.voted_planes * words);
  for (std::size_t i = 0; i < d; ++i) {
    const Position at = naive_position(i, d);
    const std::uint32_t voted = random.below(ternary + 1);
    const std::uint32_t negative = random.below(voted + all + 1);
    for (std::size_t p = 0; p < count.negative_planes; ++p) {
      count.negative[p * words + at.word] |= ((negative >> p) & 1) << at.bit;
    }
    for (std::size_t p = 0; p < count.voted_planes; ++p) {
      count.voted[p * words + at.word] |= ((voted >> p) & 1) << at.bit;
    }
    count.net.push_back(static_cast<std::int32_t>(voted + all) -
                        2 * static_cast<std::int32_t>(negative));
  }
  return count;
}

void expect_net(std::size_t d, std::uint32_t ternary, std::uint32_t all, Words& random) {
  Count count = random_count(d, ternary, all, random);
  const std::size_t words = naive_words(d);
  const CounterPlanes negative{count.negative.data(), count.negative_planes, words, words};
  const CounterPlanes voted{count.voted.data(), count.voted_planes, words, words};
  for (const Kernels* table : runnable_tables()) {
    std::vector<std::int32_t> wide(d + 1, 77);
    table->net_counts32(negative, voted, all, d, wide.data());
    ASSERT_TRUE(std::equal(count.net.begin(), count.net.end(), wide.begin())) << table->name;
    ASSERT_EQ(wide.back(), 77);
    std::vector<std::int16_t> narrow(d + 1, 77);
    table->net_counts16(negative, voted, all, d, narrow.data());
    ASSERT_TRUE(std::equal(count.net.begin(), count.net.end(), narrow.begin())) << table->name;
    ASSERT_EQ(narrow.back(), 77);
  }
}

TEST(NetCounts, EqualIntegersInTheOrderOfParameters) {
  Words random(5);
  for (const std::size_t d : sizes()) {
    SCOPED_TRACE(d);
    ASSERT_NO_FATAL_FAILURE(expect_net(d, 5, 6, random));
  }
  for (const auto& [ternary, all] : {std::pair{0u, 1u}, {1u, 0u}, {0u, 9u}, {900u, 100u}}) {
    for (const std::size_t d : {0, 1, 33, 1024, 1500}) {
      ASSERT_NO_FATAL_FAILURE(expect_net(d, ternary, all, random));
    }
  }
}

}  // namespace
}  // namespace psephos::kernels::testing
