#include "runtime/base/nearest_name.h"

#include <gtest/gtest.h>

namespace psephos {
namespace {

TEST(NearestName, FindsWhatASlipOfTheFingerMeant) {
  const std::vector<std::string> names = {"lr", "beta", "ballot", "batch", "schedule", "sweep"};
  EXPECT_EQ(nearest_name("balot", names), "ballot");
  EXPECT_EQ(nearest_name("bata", names), "beta");
  EXPECT_EQ(nearest_name("shedule", names), "schedule");
  EXPECT_EQ(nearest_name("sewep", names), "sweep");  // two letters changed places
  EXPECT_EQ(nearest_name("l", names), "lr");
  EXPECT_EQ(nearest_name("lr", names), "lr");
}

TEST(NearestName, FindsTheOneNameThatHasTheWordAsAPart) {
  EXPECT_EQ(nearest_name("ternary", {"sign", "stochastic-ternary"}), "stochastic-ternary");
  EXPECT_EQ(nearest_name("sgd", {"signsgd", "signum"}), "signsgd");
  EXPECT_EQ(nearest_name("sign", {"signsgd-with-it", "signum-with-it"}), "");  // which of the two?
  EXPECT_EQ(nearest_name("s", {"schedule"}), "");
}

TEST(NearestName, DoesNotGuessWhereNothingIsNear) {
  EXPECT_EQ(nearest_name("xy", {"lr"}), "");
  EXPECT_EQ(nearest_name("frobnicate", {"sweep", "compare"}), "");
  EXPECT_EQ(nearest_name("", {"lr"}), "");
  EXPECT_EQ(nearest_name("lr", {}), "");
}

}  // namespace
}  // namespace psephos
