#include "simulator/sweep_progress.h"

#include "tests/runtime/report/scratch.h"

namespace psephos::simulator {
namespace {

SweepRow row(std::size_t point, double accuracy) {
  SweepRow made;
  made.point = point;
  made.accuracy = accuracy;
  return made;
}

TEST(SweepLine, SaysHowFarItIsAndWhatIsBestSoFar) {
  const Grid grid = *parse_grid("lr=1e-3,1e-2");
  SweepProgress progress;
  progress.total = 6;
  EXPECT_EQ(sweep_line(progress, grid, {}, 0), "run 0/6");
  progress.done = 4;
  progress.started_with = 2;
  EXPECT_EQ(sweep_line(progress, grid, {row(0, 0.5), row(1, 0.75)}, 10),
            "run 4/6  best so far 0.7500 (lr=1e-2)  10.0 s left");
  SweepRow failed = row(1, 0);
  failed.failure = "it diverged";
  EXPECT_EQ(sweep_line(progress, grid, {row(0, 0.5), failed}, 10),
            "run 4/6  1 failed  best so far 0.5000 (lr=1e-3)  10.0 s left");
  progress.done = 6;
  EXPECT_EQ(sweep_line(progress, grid, {failed}, 10), "run 6/6  1 failed");
  progress.phase = SweepPhase::kBest;
  EXPECT_EQ(sweep_line(progress, grid, {row(0, 0.5)}, 10), "test run 6/6");
}

class SweepProgressTest : public ScratchTest {
 protected:
  std::string shown(SweepProgressLine& line, std::uint64_t done, double now_s,
                    SweepPhase phase = SweepPhase::kGrid) {
    testing::internal::CaptureStderr();
    line.show({phase, done, 6, 0}, now_s);
    return testing::internal::GetCapturedStderr();
  }

  Grid grid_ = *parse_grid("lr=1,2");
};

TEST_F(SweepProgressTest, PipedIsALineEveryTenSecondsAndAtTheEndOfAPhase) {
  const auto table = SweepTable::open(scratch_ / "sweep.csv", grid_, "validation");
  SweepProgressLine line(grid_, *table, false);
  EXPECT_EQ(shown(line, 0, 0), "run 0/6\n");
  EXPECT_EQ(shown(line, 1, 9), "");
  EXPECT_TRUE(shown(line, 2, 10).starts_with("run 2/6"));
  EXPECT_EQ(shown(line, 2, 30), "");  // nothing new
  EXPECT_EQ(shown(line, 6, 31), "run 6/6\n");
  EXPECT_EQ(shown(line, 6, 60), "");
  EXPECT_EQ(shown(line, 0, 60, SweepPhase::kBest), "test run 0/6\n");
}

TEST_F(SweepProgressTest, OnATerminalIsRedrawnFiveTimesASecondAtMost) {
  const auto table = SweepTable::open(scratch_ / "sweep.csv", grid_, "validation");
  SweepProgressLine line(grid_, *table, true);
  EXPECT_EQ(shown(line, 0, 0), "\r\x1b[Krun 0/6");
  EXPECT_EQ(shown(line, 1, 0.1), "");
  EXPECT_TRUE(shown(line, 1, 0.3).starts_with("\r\x1b[Krun 1/6"));
  EXPECT_EQ(shown(line, 0, 0.4, SweepPhase::kBest), "\n\r\x1b[Ktest run 0/6");
}

}  // namespace
}  // namespace psephos::simulator
