#include "runtime/base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace psephos {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Error{"the number is odd; give an even one"};
  return n / 2;
}

TEST(Result, HoldsAValueOrASentence) {
  EXPECT_TRUE(half(4).ok());
  EXPECT_EQ(*half(4), 2);
  EXPECT_FALSE(half(3));
  EXPECT_EQ(half(3).error().text, "the number is odd; give an even one");
}

TEST(Result, CarriesValuesThatOnlyMove) {
  Result<std::unique_ptr<int>> made(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = *std::move(made);
  EXPECT_EQ(*taken, 5);
}

TEST(ResultDeathTest, AbortsWhenTheWrongKindIsAskedFor) {
  EXPECT_DEATH(static_cast<void>(half(3).value()), "value\\(\\) of a failed result");
  EXPECT_DEATH(static_cast<void>(half(4).error()), "error\\(\\) of a successful result");
}

TEST(CheckDeathTest, SaysWhereAndWhatAndAborts) {
  const int votes = 3;
  PSEPHOS_CHECK(votes == 3, "all is well");
  EXPECT_DEATH(PSEPHOS_CHECK(votes == 4, "a vote is missing"),
               "result_test\\.cpp:[0-9]+: a vote is missing \\(votes == 4 is false\\)");
}

}  // namespace
}  // namespace psephos
