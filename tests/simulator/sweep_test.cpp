#include "simulator/sweep.h"

#include <algorithm>
#include <functional>

#include "tests/runtime/report/scratch.h"
#include "tests/simulator/small_world.h"
#include "tests/simulator/sweep_asked.h"

namespace psephos::simulator {
namespace {

// The small data set with every test label wrong.
DatasetRef with_garbled_test_set() {
  Dataset garbled = *small_dataset();
  for (std::size_t i = 0; i < garbled.test.labels.size(); ++i) {
    garbled.test.labels(i) = static_cast<std::uint8_t>((garbled.test.labels(i) + 1) % 10);
  }
  return std::make_shared<const Dataset>(std::move(garbled));
}

class SweepTest : public ScratchTest {
 protected:
  struct Played {
    SweepPlan plan;
    SweepResult result;
    std::vector<SweepRow> rows;  // of the grid, by point and seed
  };

  Played play(
      const std::string& grid, const std::string& flags, const std::string& folder,
      const DatasetRef& dataset = small_dataset(),
      const std::function<void(const SweepProgress&)>& told = [](const SweepProgress&) {}) {
    AskedSweep asked(grid, "--model softmax --clients 4 --batch 4 --rounds 15 " + flags);
    Played played{*asked.plan(), {}, {}};
    auto opened = SweepFolder::open(scratch_ / folder, asked.asked, played.plan.grid);
    EXPECT_TRUE(opened) << opened.error().text;
    auto result = play_sweep(played.plan, dataset, *opened, told);
    EXPECT_TRUE(result) << result.error().text;
    played.result = std::move(*result);
    played.rows = opened->validation().rows();
    std::ranges::sort(played.rows, {},
                      [](const SweepRow& row) { return std::pair(row.point, row.seed); });
    return played;
  }

  static void expect_same(const std::vector<SweepRow>& a, const std::vector<SweepRow>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].point, b[i].point);
      EXPECT_EQ(a[i].seed, b[i].seed);
      EXPECT_EQ(a[i].accuracy, b[i].accuracy);
      EXPECT_EQ(a[i].loss, b[i].loss);
      EXPECT_EQ(a[i].fingerprint, b[i].fingerprint);
      EXPECT_EQ(a[i].failure, b[i].failure);
    }
  }
  static std::vector<std::size_t> order(const SweepResult& result) {
    std::vector<std::size_t> points;
    for (const Score& score : result.ranking) points.push_back(score.point);
    return points;
  }
};

constexpr const char* kGrid = "lr=1e-4,1e-3,1e-2 beta=0.9,0.99";

TEST_F(SweepTest, RunsEveryPointWithEverySeedAndTestsTheBest) {
  const Played played = play(kGrid, "--seeds 2 --seed 5", "sweep");
  ASSERT_EQ(played.rows.size(), 12U);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(played.rows[i].point, i / 2);
    EXPECT_EQ(played.rows[i].seed, 5 + i % 2);
    EXPECT_EQ(played.rows[i].rounds, 15U);
  }
  ASSERT_TRUE(played.result.has_best);
  ASSERT_EQ(played.result.ranking.size(), 6U);
  EXPECT_TRUE(std::ranges::is_sorted(played.result.ranking, std::greater{}, &Score::accuracy));
  for (const SweepRow& row : played.result.test_rows) {
    EXPECT_EQ(row.point, played.result.ranking.front().point);
  }
  ASSERT_EQ(played.result.test_rows.size(), 2U);
  EXPECT_EQ(played.result.test_rows[0].seed, 5U);
  EXPECT_NE(played.result.test_rows[0].fingerprint, played.result.test_rows[1].fingerprint);
}

TEST_F(SweepTest, TheTestSetPlaysNoPartInTheChoice) {
  const Played honest = play(kGrid, "--seeds 2", "honest");
  const Played garbled = play(kGrid, "--seeds 2", "garbled", with_garbled_test_set());
  expect_same(honest.rows, garbled.rows);
  EXPECT_EQ(order(honest.result), order(garbled.result));
  // While what is said of the best does come from it.
  EXPECT_NE(honest.result.test_rows[0].accuracy, garbled.result.test_rows[0].accuracy);
  EXPECT_EQ(honest.result.test_rows[0].fingerprint, garbled.result.test_rows[0].fingerprint);
}

TEST_F(SweepTest, FindsTheSameWithAnyNumberOfJobs) {
  const Played one = play(kGrid, "--seeds 2 --jobs 1", "one");
  const Played many = play(kGrid, "--seeds 2 --jobs 5", "many");
  expect_same(one.rows, many.rows);
  EXPECT_EQ(order(one.result), order(many.result));
  expect_same(one.result.test_rows, many.result.test_rows);
}

TEST_F(SweepTest, GoesOnWhereItWasCutOff) {
  const Played whole = play(kGrid, "--seeds 2 --jobs 1", "whole");
  const std::string table = contents(scratch_ / "whole" / "sweep.csv");
  // Killed in the middle of the fifth row.
  std::size_t cut = 0;
  for (int line = 0; line < 5; ++line) cut = table.find('\n', cut) + 1;
  write("again/sweep.toml", contents(scratch_ / "whole" / "sweep.toml"));
  write("again/sweep.csv", table.substr(0, cut + 10));

  std::vector<std::uint64_t> done;
  const Played again =
      play(kGrid, "--seeds 2 --jobs 1", "again", small_dataset(), [&](const SweepProgress& now) {
        if (now.phase != SweepPhase::kGrid) return;
        done.push_back(now.done);
        EXPECT_EQ(now.started_with, 4U);
      });
  EXPECT_EQ(done.front(), 4U);
  EXPECT_EQ(done.back(), 12U);
  expect_same(again.rows, whole.rows);
  EXPECT_EQ(order(again.result), order(whole.result));
  expect_same(again.result.test_rows, whole.result.test_rows);

  // And once all is there, nothing runs.
  const std::string final_table = contents(scratch_ / "again" / "sweep.csv");
  play(kGrid, "--seeds 2 --jobs 1", "again");
  EXPECT_EQ(contents(scratch_ / "again" / "sweep.csv"), final_table);
}

TEST_F(SweepTest, ACombinationThatFailsDoesNotStopTheOthers) {
  // 360 samples to train on do not go round among 1000.
  const Played played = play("partition=iid,shards:1000 lr=1e-3,1e-2", "--seeds 2", "sweep");
  ASSERT_EQ(played.rows.size(), 8U);
  ASSERT_TRUE(played.result.has_best);
  std::vector<std::size_t> ranked = order(played.result);
  std::ranges::sort(ranked.begin(), ranked.begin() + 2);
  EXPECT_EQ(ranked, (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_NE(played.result.ranking[2].failure, "");
  EXPECT_EQ(played.result.ranking[2].finished, 0U);
}

TEST_F(SweepTest, WhereAllFailThereIsNoBest) {
  const Played played = play("partition=shards:1000 lr=1e-3,1e-2", "", "sweep");
  EXPECT_FALSE(played.result.has_best);
  EXPECT_TRUE(played.result.test_rows.empty());
}

TEST_F(SweepTest, WithoutATestSetThereIsAChoiceAndNoTest) {
  Dataset alone = *small_dataset();
  alone.test = Samples{};
  const Played played =
      play("lr=1e-3,1e-2", "", "sweep", std::make_shared<const Dataset>(std::move(alone)));
  EXPECT_TRUE(played.result.has_best);
  EXPECT_TRUE(played.result.test_rows.empty());
}

TEST_F(SweepTest, ChoosesByOneSampleWhereTheShareIsLess) {
  const Played played =
      play("lr=1e-3,1e-2", "--validation-fraction 0.001", "sweep", small_dataset());
  ASSERT_TRUE(played.result.has_best);
  for (const Score& score : played.result.ranking) {
    EXPECT_TRUE(score.accuracy == 0 || score.accuracy == 1) << score.accuracy;
  }
}

}  // namespace
}  // namespace psephos::simulator
