#include "runtime/replica/schedule.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace psephos {
namespace {

TEST(Schedule, ReadsItsWords) {
  EXPECT_EQ(schedules().first(), *parse_schedule("constant"));
  EXPECT_EQ(parse_schedule("step:10,200,3000")->values, (std::vector<double>{10, 200, 3000}));
}

TEST(Schedule, RefusesWhatIsNoSchedule) {
  std::string long_list = "step:1";
  for (std::size_t i = 2; i <= kMaxSteps + 1; ++i) long_list += fmt::format(",{}", i);
  for (const std::string_view text :
       {"", "linear", "Cosine", "step", "step:", "step:,", "step:10,", "step:,10", "step:10,,20",
        "step:20,10", "step:10,10", "step:-1", "step:1.5", "step:10 ", "step: 10",
        "step:4294967296", "step:1;2", long_list.c_str()}) {
    const Result<Schedule> schedule = parse_schedule(text);
    ASSERT_FALSE(schedule.ok()) << text;
    EXPECT_NE(schedule.error().text.find(fmt::format("'{}'", text)), std::string::npos);
  }
}

TEST(Schedule, PrintsWhatItReads) {
  std::mt19937_64 random(1);
  for (const char* text : {"constant", "sqrt", "cosine", "step:0", "step:1,4294967295"}) {
    EXPECT_EQ(to_string(*parse_schedule(text)), text);
  }
  for (int trial = 0; trial < 200; ++trial) {
    Schedule schedule = *parse_schedule("step:1");
    schedule.values.clear();
    std::uint32_t step = 0;
    for (std::size_t count = random() % kMaxSteps + 1; count > 0; --count) {
      step += static_cast<std::uint32_t>(random() % 1000 + 1);
      schedule.values.push_back(step);
    }
    ASSERT_EQ(*parse_schedule(to_string(schedule)), schedule);
  }
}

TEST(Schedule, GivesTheRatesOfItsFormulas) {
  const Schedule constant = *parse_schedule("constant");
  const Schedule sqrt = *parse_schedule("sqrt");
  const Schedule cosine = *parse_schedule("cosine");
  const Schedule step = *parse_schedule("step:100,200");
  EXPECT_EQ(learning_rate(constant, 1e-3, 599, 600), 1e-3f);
  EXPECT_EQ(learning_rate(sqrt, 0.5, 0, 600), 0.5f);
  EXPECT_EQ(learning_rate(sqrt, 0.5, 3, 600), 0.25f);
  EXPECT_EQ(learning_rate(sqrt, 1, 24, 600), 0.2f);
  EXPECT_EQ(learning_rate(cosine, 1e-3, 0, 600), 1e-3f);
  EXPECT_NEAR(learning_rate(cosine, 1e-3, 200, 600), 0.75e-3, 1e-10);
  EXPECT_NEAR(learning_rate(cosine, 1e-3, 300, 600), 0.5e-3, 1e-10);
  EXPECT_NEAR(learning_rate(cosine, 1e-3, 400, 600), 0.25e-3, 1e-10);
  EXPECT_EQ(learning_rate(step, 1e-3, 99, 600), 1e-3f);
  EXPECT_EQ(learning_rate(step, 1e-3, 100, 600), 1e-4f);
  EXPECT_EQ(learning_rate(step, 1e-3, 199, 600), 1e-4f);
  EXPECT_EQ(learning_rate(step, 1e-3, 200, 600), 1e-5f);
}

TEST(Schedule, IsAlwaysANormalPositiveFloat) {
  constexpr float kSmallest = std::numeric_limits<float>::min();
  EXPECT_EQ(learning_rate(*parse_schedule("cosine"), 1e-3, 600, 600), kSmallest);
  EXPECT_EQ(learning_rate(*parse_schedule("constant"), 1e-300, 0, 1), kSmallest);
  EXPECT_EQ(learning_rate(*parse_schedule("step:1,2,3"), 1e-37, 3, 4), kSmallest);
  const Schedule cosine = *parse_schedule("cosine");
  for (std::uint32_t round = 99'999'000; round < 100'000'000; ++round) {
    ASSERT_GE(learning_rate(cosine, 1e-30, round, 100'000'000), kSmallest);
  }
}

TEST(WeightDecay, KeepsEverythingWithoutLambda) {
  WeightDecay none(0);
  for (int round = 0; round < 1000; ++round) ASSERT_EQ(none.keep(0.1f), 1.0f);
}

TEST(WeightDecay, SendsALargeDecayAtOnce) {
  WeightDecay decay(0.5);
  EXPECT_EQ(decay.keep(0.25f), 0.875f);
  EXPECT_EQ(decay.keep(0.25f), 0.875f);
}

TEST(WeightDecay, SavesUpUntilAFloatCanSeeIt) {
  // delta * lambda = 2^-17: eight rounds make 2^-14, which is sent as it is.
  WeightDecay decay(0x1p-7);
  for (int cycle = 0; cycle < 3; ++cycle) {
    for (int round = 0; round < 7; ++round) ASSERT_EQ(decay.keep(0x1p-10f), 1.0f);
    ASSERT_EQ(decay.keep(0x1p-10f), 1.0f - 0x1p-14f);
  }
}

TEST(WeightDecay, LosesNothingOverManyRounds) {
  constexpr double kLambda = 1e-4;
  WeightDecay decay(kLambda);
  const Schedule cosine = *parse_schedule("cosine");
  double sent = 0;
  double owed = 0;
  for (std::uint32_t round = 0; round < 100'000; ++round) {
    const float delta = learning_rate(cosine, 0.01, round, 100'000);
    owed += double{delta} * kLambda;
    sent += 1 - double{decay.keep(delta)};
  }
  EXPECT_GT(sent, 0);
  EXPECT_NEAR(sent, owed, 0x1p-14 + 1e-5);  // what is still pending, and a rounding per sending
}

}  // namespace
}  // namespace psephos
