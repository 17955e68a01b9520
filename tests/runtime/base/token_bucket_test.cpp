#include "runtime/base/token_bucket.h"

#include <gtest/gtest.h>

namespace psephos {
namespace {

using std::chrono::milliseconds;

int taken(TokenBucket& bucket, Instant now, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += bucket.take(now);
  return count;
}

TEST(TokenBucket, GivesABurstAndThenItsRate) {
  TokenBucket bucket(10, 3);
  EXPECT_EQ(taken(bucket, Instant{0}, 100), 3);
  EXPECT_EQ(taken(bucket, milliseconds(99), 100), 0);
  EXPECT_EQ(taken(bucket, milliseconds(201), 100), 2);
  EXPECT_EQ(taken(bucket, milliseconds(60'000), 100), 3);  // never more than a burst at once
}

TEST(TokenBucket, GivesNothingForAClockThatGoesBack) {
  TokenBucket bucket(10, 1);
  EXPECT_TRUE(bucket.take(milliseconds(5000)));
  EXPECT_FALSE(bucket.take(milliseconds(1000)));
  EXPECT_FALSE(bucket.take(milliseconds(1050)));
  EXPECT_TRUE(bucket.take(milliseconds(1101)));
}

}  // namespace
}  // namespace psephos
