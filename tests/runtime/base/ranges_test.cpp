#include "runtime/base/ranges.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <thread>

namespace psephos {
namespace {

TEST(OverRanges, CoversEverythingOnceInMultiplesOfTheGrain) {
  for (const std::size_t grain : {1u, 7u, 64u}) {
    for (const std::size_t count : {0u, 1u, 6u, 7u, 8u, 63u, 64u, 65u, 1000u}) {
      for (const unsigned threads : {0u, 1u, 2u, 3u, 9u}) {
        std::mutex mutex;
        std::vector<int> visits(count);
        over_ranges(count, grain, threads, [&](std::size_t begin, std::size_t end) {
          const std::lock_guard lock(mutex);
          EXPECT_LE(begin, end);
          EXPECT_EQ(begin % grain, 0u);
          EXPECT_TRUE(end == count || end % grain == 0);
          for (std::size_t i = begin; i < end; ++i) ++visits.at(i);
        });
        EXPECT_EQ(visits, std::vector<int>(count, 1)) << count << " by " << grain;
      }
    }
  }
}

TEST(OverRanges, StaysOnTheCallersThreadWhereThereIsLittleToDo) {
  std::set<std::thread::id> threads;
  over_ranges(100, 100, 8,
              [&](std::size_t, std::size_t) { threads.insert(std::this_thread::get_id()); });
  EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
}

}  // namespace
}  // namespace psephos
