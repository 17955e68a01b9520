#include "runtime/report/terminal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

namespace psephos {
namespace {

constexpr std::size_t kWide = std::numeric_limits<std::size_t>::max();

RoundRow round(std::uint32_t number) {
  RoundRow row;
  row.round = number;
  row.train_loss = 0.412;
  row.voters = 9;
  row.expected = 10;
  row.abstained = 0.125;
  row.bytes_up = 15'400'000;
  row.bytes_down = 16'100'000;
  return row;
}

EvaluationRow evaluation(std::uint32_t number) {
  EvaluationRow row;
  row.round = number;
  row.held_out = EvaluationResult{0.5, 0.8312, 10'000};
  return row;
}

// What `act` writes to stderr.
template <class Act>
std::string written(Act act) {
  testing::internal::CaptureStderr();
  act();
  return testing::internal::GetCapturedStderr();
}

auto lines(const std::string& text) { return std::ranges::count(text, '\n'); }

TEST(ProgressLine, HoldsEverythingWhereThereIsRoom) {
  EXPECT_EQ(progress_line(round(120), evaluation(100), 600, 182, kWide),
            "round 120/600  loss 0.412  accuracy 0.8312 (at 100)  voters 9/10  abstained 12.5 %  "
            "up 15.4 MB  down 16.1 MB  182 rounds/s  2.6 s left");
}

TEST(ProgressLine, KeepsWhatMattersMostInAnyWidth) {
  EXPECT_EQ(progress_line(round(120), evaluation(100), 600, 182, 79),
            "round 120/600  loss 0.412  accuracy 0.8312 (at 100)  182 rounds/s  2.6 s left");
  EXPECT_EQ(progress_line(round(120), evaluation(100), 600, 182, 40),
            "round 120/600  accuracy 0.8312 (at 100)");
  EXPECT_EQ(progress_line(round(120), evaluation(100), 600, 182, 8), "round 12");
  for (std::size_t width = 0; width < 200; ++width) {
    EXPECT_LE(progress_line(round(120), evaluation(100), 600, 182, width).size(), width);
  }
}

TEST(ProgressLine, ShowsTheClientsOwnAccuracyWhereTheCoordinatorHasNoData) {
  EvaluationRow row = evaluation(100);
  row.clients_mean = EvaluationResult{0.6, 0.99, 60'000};  // as one client would have it
  row.clients_median = EvaluationResult{0.6, 0.79, 60'000};
  row.held_out.reset();
  EXPECT_EQ(progress_line(round(120), row, 600, 0, 60),
            "round 120/600  loss 0.412  clients' accuracy 0.7900 (at 100)");
}

TEST(ProgressLine, PromisesNoTimeBeforeItKnowsARate) {
  EXPECT_EQ(progress_line(round(1), {}, 600, 0, kWide).find("left"), std::string::npos);
  EXPECT_EQ(progress_line(round(600), {}, 600, 100, kWide).find("left"), std::string::npos);
}

TEST(Terminal, PipedWritesALinePerEvaluationAndOneEveryTenSeconds) {
  Terminal terminal(false, false);
  EXPECT_EQ(written([&] { terminal.progress(round(1), 600, 0.1); }), "");
  EXPECT_EQ(lines(written([&] { terminal.evaluation(evaluation(1), 600, 0.2); })), 1);
  EXPECT_EQ(written([&] { terminal.progress(round(50), 600, 10.1); }), "");
  const std::string late = written([&] { terminal.progress(round(51), 600, 10.2); });
  EXPECT_TRUE(late.starts_with("round 51/600  loss 0.412  accuracy 0.8312 (at 1)")) << late;
  EXPECT_EQ(late.find_first_of("\r\x1b"), std::string::npos);
  EXPECT_EQ(late.back(), '\n');
}

TEST(Terminal, PipedShowsAnEvaluationThatCameBeforeAnyRound) {
  Terminal terminal(false, false);
  EXPECT_EQ(written([&] { terminal.evaluation(evaluation(0), 600, 0.1); }), "");
  const std::string first = written([&] { terminal.progress(round(1), 600, 0.2); });
  EXPECT_NE(first.find("accuracy 0.8312 (at 0)"), std::string::npos) << first;
}

TEST(Terminal, FinishShowsTheLastRoundOnce) {
  Terminal terminal(false, false);
  written([&] { terminal.progress(round(599), 600, 20); });
  written([&] { terminal.progress(round(600), 600, 20.1); });
  const std::string last = written([&] { terminal.finish(); });
  EXPECT_TRUE(last.starts_with("round 600/600")) << last;
  EXPECT_EQ(lines(last), 1);
  EXPECT_EQ(written([&] { terminal.finish(); }), "");
}

TEST(Terminal, InteractiveRedrawsInPlaceAtMostTenTimesASecond) {
  Terminal terminal(true, false);
  const std::string first = written([&] { terminal.progress(round(1), 600, 0.01); });
  EXPECT_TRUE(first.starts_with("\r\x1b[Kround 1/600")) << first;
  EXPECT_EQ(lines(first), 0);
  EXPECT_EQ(written([&] { terminal.progress(round(2), 600, 0.1); }), "");
  EXPECT_EQ(written([&] { terminal.evaluation(evaluation(2), 600, 0.1); }), "");
  const std::string next = written([&] { terminal.progress(round(3), 600, 0.12); });
  EXPECT_TRUE(next.starts_with("\r\x1b[Kround 3/600")) << next;
  EXPECT_EQ(written([&] { terminal.finish(); }), "\n");
}

TEST(Terminal, InteractiveLogScrollsAboveTheProgressLine) {
  Terminal terminal(true, false);
  EXPECT_EQ(written([&] { terminal.log("before"); }), "before\n");
  written([&] { terminal.progress(round(1), 600, 0.01); });
  const std::string text = written([&] { terminal.log("client-3 joined"); });
  EXPECT_TRUE(text.starts_with("\r\x1b[Kclient-3 joined\n\r\x1b[Kround 1/600")) << text;
}

TEST(Terminal, MeasuresTheRateFromTheFirstRoundItSaw) {
  Terminal terminal(false, false);
  written([&] { terminal.progress(round(100), 600, 300); });  // after a long wait for clients
  const std::string text = written([&] { terminal.progress(round(200), 600, 310); });
  EXPECT_NE(text.find("10 rounds/s  40.0 s left"), std::string::npos) << text;
}

TEST(Terminal, QuietShowsLogLinesOnly) {
  for (const bool interactive : {false, true}) {
    Terminal terminal(interactive, true);
    EXPECT_EQ(written([&] { terminal.progress(round(1), 600, 20); }), "");
    EXPECT_EQ(written([&] { terminal.evaluation(evaluation(1), 600, 20); }), "");
    EXPECT_EQ(written([&] { terminal.log("a port is in use"); }), "a port is in use\n");
    EXPECT_EQ(written([&] { terminal.finish(); }), "");
  }
}

TEST(Terminal, LogTakesNoCommandsFromAPeersText) {
  Terminal terminal(false, false);
  EXPECT_EQ(written([&] { terminal.log("name \x1b[2Jx\r\ny"); }), "name ?[2Jx??y\n");
}

}  // namespace
}  // namespace psephos
