#include "coordinator/server/first_times.h"

#include <gtest/gtest.h>

namespace psephos::coordinator {
namespace {

TEST(FirstTimes, SayEveryBoundOnceWhenItIsFirstHit) {
  FirstTimes first_times;
  NetCounters counters;
  EXPECT_TRUE(first_times.news(counters).empty());
  counters.frames_malformed = 3;
  counters.joins_put_off = 1;
  EXPECT_EQ(first_times.news(counters).size(), 2u);
  counters.frames_malformed = 4;
  EXPECT_TRUE(first_times.news(counters).empty());
  counters.joins_refused_full = counters.catch_ups_put_off = 7;
  EXPECT_EQ(first_times.news(counters).size(), 2u);
  counters.accepts_failed = 1;
  const auto news = first_times.news(counters);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_NE(news.front().find("ulimit -n"), std::string::npos);
}

TEST(FirstTimes, PassOverWhatHappensEveryDay) {
  FirstTimes first_times;
  NetCounters counters;
  counters.connections = counters.disconnections = counters.frames_undelivered = 1000;
  EXPECT_TRUE(first_times.news(counters).empty());
}

}  // namespace
}  // namespace psephos::coordinator
