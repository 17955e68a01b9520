#include "runtime/formats/csv.h"

#include <gtest/gtest.h>

#include "runtime/base/philox.h"

namespace psephos {
namespace {

using Fields = std::vector<std::string>;

TEST(Csv, SplitsAtCommasOutsideQuotes) {
  EXPECT_EQ(*split_csv_line(""), Fields{""});
  EXPECT_EQ(*split_csv_line("1,2,3"), (Fields{"1", "2", "3"}));
  EXPECT_EQ(*split_csv_line(",,"), (Fields{"", "", ""}));
  EXPECT_EQ(*split_csv_line(R"("a,b","say ""yes""",c)"), (Fields{"a,b", R"(say "yes")", "c"}));
  EXPECT_FALSE(split_csv_line(R"(1,"2)").ok());
}

TEST(Csv, ForgetsTheLineBefore) {
  Fields fields;
  ASSERT_TRUE(split_csv_line("one,two,three", fields).ok());
  ASSERT_TRUE(split_csv_line("4,", fields).ok());
  EXPECT_EQ(fields, (Fields{"4", ""}));
}

TEST(Csv, ReadsBackEveryFieldItWrites) {
  constexpr std::string_view kLetters = "a,\"' 1\r";
  for (std::uint32_t trial = 0; trial < 2000; ++trial) {
    Fields fields;
    std::string line;
    std::uint64_t draw = 0;
    const auto dice = [&](std::uint32_t n) {
      return below(philox_word({trial, 0}, 0, Purpose::kFault, draw++), n);
    };
    const std::uint32_t count = 1 + dice(5);
    for (std::uint32_t i = 0; i < count; ++i) {
      std::string field;
      for (std::uint32_t left = dice(6); left > 0; --left) {
        field += kLetters[dice(static_cast<std::uint32_t>(kLetters.size()))];
      }
      line += (i == 0 ? "" : ",") + csv_field(field);
      fields.push_back(std::move(field));
    }
    const auto read = split_csv_line(line);
    ASSERT_TRUE(read.ok()) << line;
    EXPECT_EQ(*read, fields) << line;
  }
}

}  // namespace
}  // namespace psephos
