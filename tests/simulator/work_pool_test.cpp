#include "simulator/work_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace psephos::simulator {
namespace {

TEST(WorkPool, DoesEveryTaskAndReturnsItsResult) {
  WorkPool pool(3);
  std::vector<std::future<int>> results;
  for (int i = 0; i < 200; ++i) results.push_back(pool.submit([i] { return i * i; }));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i * i);
}

TEST(WorkPool, HandsAnExceptionToWhoeverWaits) {
  WorkPool pool(1);
  auto failing = pool.submit([]() -> int { throw std::runtime_error("no"); });
  EXPECT_THROW(failing.get(), std::runtime_error);
  EXPECT_EQ(pool.submit([] { return 5; }).get(), 5);
}

TEST(WorkPool, DropsTasksThatWereNotStartedWhenItEnds) {
  std::future<int> never;
  {
    std::promise<void> hold;
    WorkPool pool(1);
    pool.submit([held = hold.get_future().share()] {
      held.wait();
      return 0;
    });
    never = pool.submit([] { return 1; });
    std::thread release([&hold] { hold.set_value(); });
    release.join();
  }
  // Either it was started before the pool ended, or its promise was broken; it never hangs.
  try {
    EXPECT_EQ(never.get(), 1);
  } catch (const std::future_error& error) {
    EXPECT_EQ(error.code(), std::future_errc::broken_promise);
  }
}

}  // namespace
}  // namespace psephos::simulator
