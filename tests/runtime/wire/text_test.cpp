#include "runtime/wire/text.h"

#include <gtest/gtest.h>

namespace psephos::wire {
namespace {

TEST(PrintableText, KeepsUtf8AndReplacesTheRest) {
  EXPECT_EQ(printable_text("plain", 100), "plain");
  EXPECT_EQ(printable_text("\xCF\x88\xE1\xBF\x86\xF0\x9F\x97\xB3", 100),
            "\xCF\x88\xE1\xBF\x86\xF0\x9F\x97\xB3");
  EXPECT_EQ(printable_text("a\tb\r\n\x1b", 100), "a b   ");
  EXPECT_EQ(printable_text("\xC0\x80", 100), "??");            // overlong
  EXPECT_EQ(printable_text("\xED\xA0\x80", 100), "???");       // a surrogate
  EXPECT_EQ(printable_text("\xF5\x80\x80\x80", 100), "????");  // beyond Unicode
  EXPECT_EQ(printable_text("\xE2\x82", 100), "??");            // cut short
  EXPECT_EQ(printable_text(std::string("\0x", 2), 100), " x");
}

TEST(PrintableText, IsCutBetweenCharacters) {
  EXPECT_EQ(printable_text("ab\xC3\xB6z", 3), "ab");
  EXPECT_EQ(printable_text("ab\xC3\xB6z", 4), "ab\xC3\xB6");
  EXPECT_EQ(printable_text("abc", 0), "");
}

TEST(PrintableAscii, MayHaveSpacesOrNot) {
  EXPECT_TRUE(is_printable_ascii("a~!", false));
  EXPECT_FALSE(is_printable_ascii("a b", false));
  EXPECT_TRUE(is_printable_ascii("a b", true));
  EXPECT_FALSE(is_printable_ascii("a\x7f", true));
  EXPECT_FALSE(is_printable_ascii("\xC3\xB6", true));
}

}  // namespace
}  // namespace psephos::wire
