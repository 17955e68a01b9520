#include "runtime/replica/round_terms.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/replica/tensor_table.h"

namespace psephos {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

void expect_refused(const RoundTerms& terms, const std::string& part) {
  const Status checked = check_round_terms(terms);
  ASSERT_FALSE(checked.ok());
  EXPECT_NE(checked.error().text.find(part), std::string::npos) << checked.error().text;
}

TEST(RoundTerms, WithinTheirBoundsAreGood) {
  EXPECT_TRUE(check_round_terms({}).ok());
  EXPECT_TRUE(check_round_terms({1e-30f, 1, {0, 0.5f}}).ok());
  EXPECT_TRUE(check_round_terms({10, kMaxBatch, std::vector<float>(kMaxTensors, 3)}).ok());
}

TEST(RoundTerms, OutsideThemNameWhatIsWrong) {
  for (const float bad : {0.0f, -0.5f, kInfinity, std::nanf("")}) {
    expect_refused({bad, 32, {}}, "local rate");
  }
  expect_refused({0.5f, 0, {}}, "batch of 0");
  expect_refused({0.5f, kMaxBatch + 1, {}}, "batch of 65537");
  for (const float bad : {-0.5f, kInfinity, std::nanf("")}) {
    expect_refused({0.5f, 32, {0, bad}}, "scale 1");
  }
  expect_refused({0.5f, 32, std::vector<float>(kMaxTensors + 1)}, "257 scales");
}

}  // namespace
}  // namespace psephos
