#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "tests/platforms/kernels/naive.h"

namespace psephos::kernels::testing {
namespace {

using Planes = std::vector<std::vector<std::uint32_t>>;

constexpr std::size_t kWordCounts[] = {0, 1, 2, 31, 32, 33, 255, 256, 257, 600};

Planes random_planes(std::size_t count, std::size_t words, std::uint64_t seed) {
  Words random(seed);
  Planes planes;
  for (std::size_t k = 0; k < count; ++k) planes.push_back(random_plane(words, random));
  // All ones and all zeros make the longest carries and none.
  if (count > 2) planes[count / 2].assign(words, ~std::uint32_t{0});
  if (count > 3) planes[1].assign(words, 0);
  return planes;
}

std::vector<const std::uint32_t*> pointers(const Planes& planes, std::size_t from, std::size_t to) {
  std::vector<const std::uint32_t*> all;
  for (std::size_t k = from; k < to; ++k) all.push_back(planes[k].data());
  return all;
}

// A bit-sliced counter and the same counts as integers, coordinate = 32 * word + bit.
struct Counter {
  Counter(std::size_t word_count, std::size_t width)
      : planes(word_count * width + 1, 0), words(word_count), plane_count(width) {}

  CounterPlanes view() { return {planes.data(), plane_count, words, words}; }
  std::uint32_t at(std::size_t coordinate) const {
    std::uint32_t count = 0;
    for (std::size_t p = 0; p < plane_count; ++p) {
      const std::uint32_t word = planes[p * words + coordinate / 32];
      count |= ((word >> (coordinate % 32)) & 1) << p;
    }
    return count;
  }

  std::vector<std::uint32_t> planes;  // and one word behind them that nobody may touch
  std::size_t words;
  std::size_t plane_count;
};

std::uint32_t naive_count(const Planes& planes, std::size_t coordinate) {
  std::uint32_t count = 0;
  for (const auto& plane : planes) count += (plane[coordinate / 32] >> (coordinate % 32)) & 1;
  return count;
}

void expect_counts(const Counter& counter, const Planes& planes) {
  for (std::size_t c = 0; c < counter.words * 32; ++c) {
    ASSERT_EQ(counter.at(c), naive_count(planes, c))
        << "coordinate " << c << " of " << counter.words << " words, " << planes.size()
        << " planes";
  }
  ASSERT_EQ(counter.planes.back(), 0U);
}

TEST(CountPlanes, EqualsCountingInIntegers) {
  for (const Kernels* table : runnable_tables()) {
    for (const std::size_t words : kWordCounts) {
      for (const std::size_t count : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 64, 100}) {
        const Planes planes = random_planes(count, words, words * 1000 + count);
        const auto width = static_cast<std::size_t>(std::bit_width(count));
        Counter counter(words, width);
        table->count_planes(counter.view(), pointers(planes, 0, count).data(), count);
        ASSERT_NO_FATAL_FAILURE(expect_counts(counter, planes)) << table->name;
      }
    }
  }
}

// Longer than what any table works on at a time.
TEST(CountPlanes, EqualsThePortableTwinInLongCounters) {
  for (const std::size_t words : {8191, 8192, 8208, 16405}) {
    for (const std::size_t count : {7, 8, 9, 33}) {
      const Planes planes = random_planes(count, words, words + count);
      Counter expected(words, static_cast<std::size_t>(std::bit_width(count)));
      portable_kernels().count_planes(expected.view(), pointers(planes, 0, count).data(), count);
      for (const Kernels* table : runnable_tables()) {
        Counter counter(words, expected.plane_count);
        table->count_planes(counter.view(), pointers(planes, 0, count).data(), count);
        ASSERT_EQ(counter.planes, expected.planes) << table->name << " " << words << " " << count;
      }
    }
  }
}

TEST(CountPlanes, AddsToWhatTheCounterHolds) {
  for (const Kernels* table : runnable_tables()) {
    const std::size_t count = 75;
    const Planes planes = random_planes(count, 300, 5);
    for (const std::size_t step : {1, 2, 3, 7, 11, 32}) {
      Counter counter(300, 7);
      for (std::size_t from = 0; from < count; from += step) {
        const std::size_t to = std::min(from + step, count);
        table->count_planes(counter.view(), pointers(planes, from, to).data(), to - from);
      }
      ASSERT_NO_FATAL_FAILURE(expect_counts(counter, planes)) << table->name << " step " << step;
    }
  }
}

TEST(CountPlanes, OfRangesOfWordsIsThatOfTheWhole) {
  const std::size_t words = 700;
  const std::size_t count = 41;
  const Planes planes = random_planes(count, words, 9);
  for (const Kernels* table : runnable_tables()) {
    Counter counter(words, 6);
    for (const auto& [first, end] : {std::pair{0, 16}, {16, 309}, {309, 310}, {310, 700}}) {
      const auto begin = static_cast<std::size_t>(first);
      auto part = pointers(planes, 0, count);
      for (const std::uint32_t*& plane : part) plane += begin;
      table->count_planes(
          {counter.planes.data() + begin, 6, static_cast<std::size_t>(end) - begin, words},
          part.data(), count);
    }
    ASSERT_NO_FATAL_FAILURE(expect_counts(counter, planes)) << table->name;
  }
}

TEST(CountPlanes, NeedsNoMorePlanesThanTheCountsFill) {
  for (const Kernels* table : runnable_tables()) {
    Planes disjoint(32, std::vector<std::uint32_t>(40, 0));
    for (std::size_t k = 0; k < 32; ++k) disjoint[k].assign(40, std::uint32_t{1} << k);
    for (const std::size_t width : {1, 2, 3, 4}) {
      Counter counter(40, width);
      table->count_planes(counter.view(), pointers(disjoint, 0, 32).data(), 32);
      ASSERT_NO_FATAL_FAILURE(expect_counts(counter, disjoint)) << table->name;
    }
  }
}

TEST(MergeCounters, EqualsCountingBothSetsOfPlanes) {
  for (const Kernels* table : runnable_tables()) {
    for (const std::size_t words : kWordCounts) {
      for (const auto& [a, b] : {std::pair{0, 0}, {1, 1}, {5, 1}, {1, 7}, {30, 33}, {100, 27}}) {
        const auto all = static_cast<std::size_t>(a + b);
        const Planes planes = random_planes(all, words, words + all);
        const auto first = static_cast<std::size_t>(a);
        const auto from_width = static_cast<std::size_t>(std::bit_width(all - first));
        Counter into(words, static_cast<std::size_t>(std::bit_width(all)));
        Counter from(words, from_width);
        table->count_planes(into.view(), pointers(planes, 0, first).data(), first);
        table->count_planes(from.view(), pointers(planes, first, all).data(), all - first);
        table->merge_counters(into.view(), from.planes.data(), from_width);
        ASSERT_NO_FATAL_FAILURE(expect_counts(into, planes)) << table->name;
      }
    }
  }
}

}  // namespace
}  // namespace psephos::kernels::testing
