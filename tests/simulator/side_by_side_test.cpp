#include "simulator/side_by_side.h"

#include <gtest/gtest.h>

#include <cmath>

namespace psephos::simulator {
namespace {

Summary finished() {
  Summary summary;
  summary.rounds = 60;
  summary.stopped_because = "finished";
  summary.accuracy = 0.75;
  summary.loss = 0.5;
  summary.wall_s = 2;
  summary.fingerprint = 0xf00d;
  return summary;
}

std::string failure_of(const Result<Summary>& summary) {
  const auto row = row_of(3, 7, summary, 60);
  if (!row) return "no row";
  EXPECT_EQ(row->point, 3U);
  EXPECT_EQ(row->seed, 7U);
  return row->failure;
}

TEST(RowOf, AFinishedRunIsItsResult) {
  const auto row = row_of(3, 7, finished(), 60);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->failure, "");
  EXPECT_EQ(row->accuracy, 0.75);
  EXPECT_EQ(row->loss, 0.5);
  EXPECT_EQ(row->rounds, 60U);
  EXPECT_EQ(row->fingerprint, "000000000000f00d");
}

TEST(RowOf, ARunThatWasCutShortWillBeRunAgain) {
  Summary summary = finished();
  summary.interrupted = true;
  EXPECT_FALSE(row_of(3, 7, summary, 60));
}

TEST(RowOf, SaysWhyThereIsNoResult) {
  EXPECT_EQ(failure_of(Error{"too few ballots"}), "too few ballots");
  Summary early = finished();
  early.rounds = 5;
  early.stopped_because = "nobody left";
  EXPECT_EQ(failure_of(early), "it stopped after 5 rounds (nobody left)");
  Summary blind = finished();
  blind.accuracy.reset();
  EXPECT_EQ(failure_of(blind), "it was not evaluated");
  Summary diverged = finished();
  diverged.loss = std::nan("");
  EXPECT_EQ(failure_of(diverged), "it diverged: the loss is not a number any more");
}

}  // namespace
}  // namespace psephos::simulator
