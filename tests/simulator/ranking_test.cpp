#include "simulator/ranking.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace psephos::simulator {
namespace {

SweepRow row(std::size_t point, std::uint32_t seed, double accuracy, double loss = 1) {
  SweepRow made;
  made.point = point;
  made.seed = seed;
  made.accuracy = accuracy;
  made.loss = loss;
  return made;
}

SweepRow failed(std::size_t point, std::uint32_t seed, const std::string& why) {
  SweepRow made = row(point, seed, 0);
  made.failure = why;
  return made;
}

std::vector<std::size_t> order(const std::vector<Score>& scores) {
  std::vector<std::size_t> points;
  for (const Score& score : scores) points.push_back(score.point);
  return points;
}

TEST(Ranking, AScoreIsTheMeanOverSeedsBetweenTheLowestAndTheHighest) {
  const Score score = make_score({row(3, 1, 0.5, 2), row(3, 2, 0.75, 1), row(3, 3, 0.25, 3)});
  EXPECT_EQ(score.point, 3U);
  EXPECT_EQ(score.finished, 3U);
  EXPECT_DOUBLE_EQ(score.accuracy, 0.5);
  EXPECT_DOUBLE_EQ(score.lowest, 0.25);
  EXPECT_DOUBLE_EQ(score.highest, 0.75);
  EXPECT_DOUBLE_EQ(score.loss, 2);
}

TEST(Ranking, GoesByMeanAccuracyThenLossThenPlace) {
  EXPECT_EQ(order(rank({row(0, 1, 0.8), row(1, 1, 0.9), row(2, 1, 0.7)}, 1)),
            (std::vector<std::size_t>{1, 0, 2}));
  EXPECT_EQ(order(rank({row(0, 1, 0.8, 3), row(1, 1, 0.8, 2)}, 1)),
            (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(order(rank({row(1, 1, 0.8), row(0, 1, 0.8)}, 1)), (std::vector<std::size_t>{0, 1}));
}

TEST(Ranking, OneLuckySeedDoesNotWin) {
  EXPECT_EQ(order(rank({row(0, 1, 0.95), row(0, 2, 0.05), row(1, 1, 0.6), row(1, 2, 0.6)}, 2)),
            (std::vector<std::size_t>{1, 0}));
}

TEST(Ranking, APointThatFailedOrLacksRunsComesAfterAllThatAreWhole) {
  const std::vector<Score> scores =
      rank({row(0, 1, 0.99), failed(0, 2, "it diverged"), row(1, 1, 0.98), row(2, 1, 0.3),
            row(2, 2, 0.3), failed(3, 1, "no memory"), failed(3, 2, "neither")},
           2);
  EXPECT_EQ(order(scores), (std::vector<std::size_t>{2, 0, 1, 3}));
  EXPECT_EQ(scores[1].failure, "it diverged");
  EXPECT_EQ(scores[3].failure, "no memory");
  EXPECT_EQ(scores[3].finished, 0U);
}

TEST(Ranking, DoesNotDependOnTheOrderOfTheRows) {
  std::vector<SweepRow> rows;
  for (std::size_t point = 0; point < 3; ++point) {
    for (std::uint32_t seed = 1; seed <= 3; ++seed) {
      rows.push_back(row(point, seed, 0.1 * seed + 1e-17 * static_cast<double>(point), 0.3 * seed));
    }
  }
  const std::vector<Score> first = rank(rows, 3);
  std::ranges::reverse(rows);
  std::ranges::rotate(rows, rows.begin() + 4);
  const std::vector<Score> again = rank(rows, 3);
  ASSERT_EQ(order(first), order(again));
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].accuracy, again[i].accuracy);
    EXPECT_EQ(first[i].loss, again[i].loss);
  }
}

TEST(Ranking, OfNothingIsEmpty) { EXPECT_TRUE(rank({}, 1).empty()); }

}  // namespace
}  // namespace psephos::simulator
