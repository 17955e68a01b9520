#include "simulator/links.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace psephos::simulator {
namespace {

TEST(Links, DelaysHaveTheirMedianAndTwoThirdsLieWithinTheSpread) {
  const Delay delay = *parse_delay("40:2");
  std::vector<double> ms;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const Duration drawn = draw_delay(delay, 1, {1, 2}, Purpose::kLatency, i);
    ms.push_back(std::chrono::duration<double, std::milli>(drawn).count());
  }
  std::sort(ms.begin(), ms.end());
  EXPECT_NEAR(ms[2000], 40, 2);
  const auto within =
      std::count_if(ms.begin(), ms.end(), [](double t) { return t > 20 && t < 80; });
  EXPECT_NEAR(static_cast<double>(within) / 4000, 0.683, 0.03);
}

TEST(Links, ASlowClientTakesTheFactorLonger) {
  const Delay delay = *parse_delay("10:1.5");
  const Duration ordinary = draw_delay(delay, 1, {1, 2}, Purpose::kLatency, 5);
  const Duration slow = draw_delay(delay, 8, {1, 2}, Purpose::kLatency, 5);
  EXPECT_NEAR(static_cast<double>(slow.count()), 8.0 * static_cast<double>(ordinary.count()), 8);
}

TEST(Links, WordsAreParsedAndWhatCannotBeIsRefusedWithAnExample) {
  EXPECT_EQ(parse_delay("40")->spread, 1);
  for (const char* bad :
       {"", ":", "40:", "x", "-1", "40:0.5", "40:1000", "1e99", "nan", "40:2:3"}) {
    const auto parsed = parse_delay(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_NE(parsed.error().text.find("40:1.5"), std::string::npos);
  }
  Links links;
  ASSERT_TRUE(parse_slow("0.2:5", links));
  EXPECT_EQ(links.slow_share, 0.2);
  EXPECT_EQ(links.slow_factor, 5);
  for (const char* bad : {"", "0.2", "2:5", "0.2:0", "0.2:nan", "a:b", "-1:5"}) {
    EXPECT_FALSE(parse_slow(bad, links)) << bad;
  }
}

}  // namespace
}  // namespace psephos::simulator
