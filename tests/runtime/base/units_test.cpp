#include "runtime/base/units.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace psephos {
namespace {

TEST(FormatBytes, ShowsAtMostThreeDigits) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1000), "1.0 kB");
  EXPECT_EQ(format_bytes(12'400), "12.4 kB");
  EXPECT_EQ(format_bytes(3'100'000), "3.1 MB");
  EXPECT_EQ(format_bytes(123'456'789), "123 MB");
}

TEST(FormatBytes, StepsToTheNextUnitWhereRoundingWouldShowAThousand) {
  EXPECT_EQ(format_bytes(99'949), "99.9 kB");
  EXPECT_EQ(format_bytes(99'951), "100 kB");
  EXPECT_EQ(format_bytes(999'499), "999 kB");
  EXPECT_EQ(format_bytes(999'500), "1.0 MB");
  EXPECT_EQ(format_bytes(std::numeric_limits<std::uint64_t>::max()), "18.4 EB");
}

TEST(FormatDuration, PicksTheFormAPersonWouldSay) {
  EXPECT_EQ(format_duration(0), "0 ms");
  EXPECT_EQ(format_duration(0.85), "850 ms");
  EXPECT_EQ(format_duration(12.3), "12.3 s");
  EXPECT_EQ(format_duration(245), "4 min 05 s");
  EXPECT_EQ(format_duration(7800), "2 h 10 min");
}

TEST(FormatDuration, NeverShowsSixtyOfAnything) {
  EXPECT_EQ(format_duration(0.9996), "1.0 s");
  EXPECT_EQ(format_duration(59.94), "59.9 s");
  EXPECT_EQ(format_duration(59.96), "1 min 00 s");
  EXPECT_EQ(format_duration(119.6), "2 min 00 s");
  EXPECT_EQ(format_duration(3599.6), "1 h 00 min");
  EXPECT_EQ(format_duration(7199), "2 h 00 min");
}

TEST(FormatDuration, SurvivesWhatIsNoDuration) {
  EXPECT_EQ(format_duration(-1), "0 ms");
  EXPECT_EQ(format_duration(std::nan("")), "0 ms");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "1000000 h 00 min");
}

TEST(FormatHex, ShowsAllSixteenDigits) {
  EXPECT_EQ(format_hex(0), "0000000000000000");
  EXPECT_EQ(format_hex(0x0123456789abcdef), "0123456789abcdef");
}

}  // namespace
}  // namespace psephos
