#include "runtime/base/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace psephos {
namespace {

TEST(Descriptors, SoftLimitIsRaisedAsFarAsTheHardOneAllowsAndNoFurther) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_TRUE(ensure_descriptors(64));
  EXPECT_TRUE(ensure_descriptors(100));
  rlimit raised{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &raised), 0);
  EXPECT_EQ(raised.rlim_cur, 100u);
  if (before.rlim_max != RLIM_INFINITY) {
    const auto refused = ensure_descriptors(before.rlim_max + 1);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("ulimit -n"), std::string::npos);
  }
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace psephos
