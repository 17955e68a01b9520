#include "runtime/report/status_line.h"

#include <gtest/gtest.h>

namespace psephos {
namespace {

// What `act` writes to stderr.
template <class Act>
std::string written(Act act) {
  testing::internal::CaptureStderr();
  act();
  return testing::internal::GetCapturedStderr();
}

TEST(StatusLine, PipedIsALineEachTime) {
  StatusLine line(false);
  EXPECT_EQ(written([&] { line.show("run 1/9"); }), "run 1/9\n");
  EXPECT_FALSE(line.is_open());
  EXPECT_EQ(written([&] { line.log("a word"); }), "a word\n");
  EXPECT_EQ(written([&] { line.end(); }), "");
}

TEST(StatusLine, OnATerminalIsRedrawnInPlace) {
  StatusLine line(true);
  EXPECT_EQ(written([&] { line.show("run 1/9"); }), "\r\x1b[Krun 1/9");
  EXPECT_TRUE(line.is_open());
  EXPECT_EQ(written([&] { line.show("run 2/9"); }), "\r\x1b[Krun 2/9");
  EXPECT_EQ(written([&] { line.end(); }), "\n");
  EXPECT_EQ(written([&] { line.end(); }), "");
}

TEST(StatusLine, OnATerminalWhatElseIsSaidScrollsAboveIt) {
  StatusLine line(true);
  EXPECT_EQ(written([&] { line.log("before"); }), "before\n");
  written([&] { line.show("run 1/9"); });
  EXPECT_EQ(written([&] { line.log("a word"); }), "\r\x1b[Ka word\n\r\x1b[Krun 1/9");
}

TEST(StatusLine, IsCutToTheTerminalBetweenTwoCharacters) {
  StatusLine line(true);
  const std::string fits(line.width() - 1, 'x');
  EXPECT_EQ(written([&] { line.show(fits + "\xc3\xa4" + "more"); }), "\r\x1b[K" + fits);
}

TEST(StatusLine, TakesNoCommandsFromAPeersText) {
  StatusLine line(false);
  EXPECT_EQ(written([&] { line.show("a\x1b[2Jb\n"); }), "a?[2Jb?\n");
  EXPECT_EQ(written([&] { line.log("a\x1b[2Jb\r\n"); }), "a?[2Jb??\n");
}

}  // namespace
}  // namespace psephos
