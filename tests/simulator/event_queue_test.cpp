#include "simulator/event_queue.h"

#include <gtest/gtest.h>

#include <memory>

namespace psephos::simulator {
namespace {

using std::chrono::microseconds;

TEST(EventQueue, GivesEventsInOrderOfTheirInstantAndThenOfScheduling) {
  EventQueue<int> queue;
  queue.schedule(microseconds(20), 3);
  queue.schedule(microseconds(10), 1);
  queue.schedule(microseconds(20), 4);
  queue.schedule(microseconds(10), 2);
  Instant now{0};
  for (int expected = 1; expected <= 4; ++expected) {
    EXPECT_EQ(queue.pop(now), expected);
    EXPECT_EQ(now, microseconds(expected <= 2 ? 10 : 20));
  }
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, LetsALowerTurnOfTheSameInstantGoFirst) {
  EventQueue<int> queue;
  queue.schedule(microseconds(10), 3, 1);
  queue.schedule(microseconds(20), 4);
  queue.schedule(microseconds(10), 1);
  queue.schedule(microseconds(10), 2);
  Instant now{0};
  for (int expected = 1; expected <= 4; ++expected) EXPECT_EQ(queue.pop(now), expected);
}

TEST(EventQueue, TakesEventsThatCanOnlyBeMoved) {
  EventQueue<std::unique_ptr<int>> queue;
  queue.schedule(microseconds(1), std::make_unique<int>(7));
  Instant now{0};
  EXPECT_EQ(*queue.pop(now), 7);
}

}  // namespace
}  // namespace psephos::simulator
