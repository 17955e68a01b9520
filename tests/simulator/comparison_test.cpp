#include "simulator/comparison.h"

#include <gtest/gtest.h>

namespace psephos::simulator {
namespace {

SavedRun run(const std::string& folder, const ConfigValues& config, std::uint32_t rounds = 100) {
  SavedRun made;
  made.folder = folder;
  made.config = config;
  made.stopped_because = "finished";
  made.rounds = rounds;
  made.accuracy = 0.875;
  made.loss = 0.5;
  made.bytes_up = 1'000'000 * std::uint64_t{rounds};
  made.bytes_down = 2'000'000 * std::uint64_t{rounds};
  made.fingerprint = "000000000000f00d";
  for (std::uint32_t i = 1; i <= rounds; ++i) {
    made.train_loss.add(i, 1);
    made.bytes.add(i, 3e6 * i);
    if (i % 50 == 0) {
      made.evaluated_accuracy.add(i, 0.5);
      made.evaluated_loss.add(i, 0.25);
      made.accuracy_by_bytes.add(3e6 * i, 0.5);
    }
  }
  return made;
}

const Chart& chart_in(const std::vector<Picture>& pictures, const std::string& file) {
  for (const Picture& picture : pictures) {
    if (picture.file == std::filesystem::path("out") / file) return picture.chart;
  }
  throw std::runtime_error("no picture " + file);
}

TEST(Comparison, LabelsAreTheSettingsThatDiffer) {
  EXPECT_EQ(run_labels({run("runs/a", {{"lr", "0.001"}, {"beta", "0.9"}, {"seed", "1"}}),
                        run("runs/b", {{"lr", "3e-4"}, {"beta", "0.99"}, {"seed", "1"}})}),
            (std::vector<std::string>{"beta=0.9 lr=0.001", "beta=0.99 lr=3e-4"}));
  // A number may be written in two ways.
  EXPECT_EQ(run_labels({run("runs/a", {{"lr", "0.001"}, {"beta", "0.9"}}),
                        run("runs/b", {{"lr", "1e-3"}, {"beta", "0.99"}})}),
            (std::vector<std::string>{"beta=0.9", "beta=0.99"}));
}

TEST(Comparison, LabelsLeaveOutWhatChangesNoModel) {
  EXPECT_EQ(run_labels({run("a", {{"lr", "1"}, {"threads", "1"}, {"eval-every", "5"}}),
                        run("b", {{"lr", "2"}, {"threads", "2"}, {"eval-every", "6"}})}),
            (std::vector<std::string>{"lr=1", "lr=2"}));
}

TEST(Comparison, WhatFollowsTheNumberOfClientsIsNotSaidTwice) {
  EXPECT_EQ(run_labels({run("a", {{"clients", "5"}, {"min-voters", "5"}, {"min-clients", "5"}}),
                        run("b", {{"clients", "9"}, {"min-voters", "9"}, {"min-clients", "9"}})}),
            (std::vector<std::string>{"clients=5", "clients=9"}));
}

TEST(Comparison, FoldersNameRunsThatTheirSettingsDoNotTellApart) {
  EXPECT_EQ(run_labels({run("runs/a", {{"lr", "1"}}), run("runs/b/", {{"lr", "1"}})}),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(run_labels({run("x/a", {}), run("y/a", {})}), (std::vector<std::string>{"x/a", "y/a"}));
  EXPECT_EQ(run_labels({run("a", {{"model", std::string(100, 'm')}}), run("b", {})}),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(run_labels({run(".", {})}), (std::vector<std::string>{"."}));
}

TEST(Comparison, TheTableHasALinePerRun) {
  SavedRun killed = run("runs/killed", {{"lr", "2"}}, 7);
  killed.stopped_because = "";
  killed.accuracy.reset();
  killed.loss.reset();
  SavedRun whole = run("runs/whole", {{"lr", "1"}});
  whole.wall_s = 2;
  const std::string table = comparison_table({whole, killed});
  for (const char* part : {"runs/whole", "0.8750", "0.5000", "100 MB", "200 MB", "2.0 s", "lr=1",
                           "7 (unfinished)", "lr=2", "000000000000f00d"}) {
    EXPECT_NE(table.find(part), std::string::npos) << part << "\n" << table;
  }
}

TEST(Comparison, EachPictureHasACurvePerRun) {
  const std::vector<Picture> pictures =
      comparison_pictures({run("a", {{"lr", "1"}}), run("b", {{"lr", "2"}}, 400)}, "out");
  ASSERT_EQ(pictures.size(), 4U);
  for (const Picture& picture : pictures) {
    ASSERT_EQ(picture.chart.series.size(), 2U) << picture.file;
    EXPECT_EQ(picture.chart.series[0].label, "lr=1");
    EXPECT_EQ(picture.chart.series[1].label, "lr=2");
    EXPECT_NE(picture.chart.series[0].colour, picture.chart.series[1].colour);
    EXPECT_TRUE(picture.chart.subtitle.starts_with("2 runs")) << picture.chart.subtitle;
  }
  // One unit for both: that of the longer run, 1.2 GB.
  const Chart& traffic = chart_in(pictures, "compare-traffic.svg");
  EXPECT_EQ(traffic.y.label, "GB since the start");
  EXPECT_DOUBLE_EQ(traffic.series[1].points.back().y, 1.2);
  const Chart& by_traffic = chart_in(pictures, "compare-accuracy-by-traffic.svg");
  EXPECT_EQ(by_traffic.x.label, "GB up and down");
  EXPECT_DOUBLE_EQ(by_traffic.series[1].points.back().x, 1.2);
}

TEST(Comparison, LossIsOfTrainingWhereARunWasHardlyEvaluated) {
  const std::vector<Picture> both =
      comparison_pictures({run("a", {}, 100), run("b", {}, 200)}, "out");
  EXPECT_EQ(chart_in(both, "compare-loss.svg").title, "Loss on held-out samples");
  const std::vector<Picture> one =
      comparison_pictures({run("a", {}, 100), run("b", {}, 49)}, "out");
  const Chart& loss = chart_in(one, "compare-loss.svg");
  EXPECT_EQ(loss.title, "Loss on training batches, running mean");
  EXPECT_EQ(loss.series.size(), 2U);
  EXPECT_EQ(chart_in(one, "compare-accuracy.svg").series.size(), 1U);
}

}  // namespace
}  // namespace psephos::simulator
