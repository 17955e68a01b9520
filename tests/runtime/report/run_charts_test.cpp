#include "runtime/report/run_charts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace psephos {
namespace {

RoundRow round(std::uint32_t number) {
  RoundRow row;
  row.round = number;
  row.train_loss = 2.3 / number;
  row.voters = 9;
  row.expected = 10;
  row.abstained = 0.25;
  row.bytes_up = 1'000'000 * std::uint64_t{number};
  row.bytes_down = 2'000'000 * std::uint64_t{number};
  return row;
}

EvaluationRow evaluation(std::uint32_t number, double accuracy, double loss) {
  EvaluationRow row;
  row.round = number;
  row.held_out = EvaluationResult{loss, accuracy, 100};
  return row;
}

Chart chart_in(const RunCharts& charts, const std::string& file) {
  for (const Picture& picture : charts.pictures("run", "whose")) {
    if (picture.file == std::filesystem::path("run") / file) return picture.chart;
  }
  ADD_FAILURE() << "no picture " << file;
  return {};
}

std::vector<std::string> labels_of(const Chart& chart) {
  std::vector<std::string> labels;
  for (const Series& series : chart.series) labels.push_back(series.label);
  return labels;
}

TEST(RunCharts, ShowWhatHappenedOverTheRounds) {
  RunCharts charts;
  EXPECT_TRUE(charts.empty());
  charts.add(round(1));
  charts.add(round(2));
  charts.add(evaluation(2, 0.75, 0.5));
  EXPECT_FALSE(charts.empty());

  const Chart accuracy = chart_in(charts, "accuracy.svg");
  EXPECT_EQ(accuracy.subtitle, "whose");
  EXPECT_EQ(labels_of(accuracy), std::vector<std::string>{"held-out samples"});
  EXPECT_EQ(accuracy.series[0].points, (std::vector<PlotPoint>{{2, 0.75}}));

  const Chart loss = chart_in(charts, "loss.svg");
  EXPECT_EQ(labels_of(loss), (std::vector<std::string>{"training batches", "held-out samples"}));
  EXPECT_EQ(loss.series[1].points, (std::vector<PlotPoint>{{2, 0.5}}));

  const Chart traffic = chart_in(charts, "traffic.svg");
  EXPECT_EQ(traffic.y.label, "MB since the start");
  ASSERT_EQ(traffic.series.size(), 2U);
  EXPECT_EQ(traffic.series[0].points, (std::vector<PlotPoint>{{1, 1}, {2, 2}}));
  EXPECT_EQ(traffic.series[1].points, (std::vector<PlotPoint>{{1, 2}, {2, 4}}));

  const Chart voters = chart_in(charts, "voters.svg");
  ASSERT_EQ(voters.series.size(), 3U);
  EXPECT_EQ(voters.series[1].points, (std::vector<PlotPoint>{{1, 9}, {2, 9}}));
  EXPECT_EQ(voters.series[2].points, (std::vector<PlotPoint>{{1, 25}, {2, 25}}));  // per cent
  EXPECT_TRUE(voters.series[2].right);
}

TEST(RunCharts, ARunWithoutEvaluationsHasAnEmptyAccuracy) {
  RunCharts charts;
  charts.add(round(1));
  EXPECT_TRUE(chart_in(charts, "accuracy.svg").series.empty());
}

TEST(RunCharts, ALossThatIsNoNumberLeavesAGap) {
  RunCharts charts;
  RoundRow lost = round(1);
  lost.train_loss = std::nan("");
  charts.add(lost);
  charts.add(evaluation(1, 0.1, std::nan("")));
  EXPECT_FALSE(charts.empty());
  EXPECT_TRUE(chart_in(charts, "loss.svg").series.empty());
  EXPECT_EQ(chart_in(charts, "accuracy.svg").series.size(), 1U);
}

TEST(RunCharts, ShowTheClientsOwnResultsWhereThereAreAny) {
  RunCharts charts;
  charts.add(round(1));
  EvaluationRow row;
  row.round = 1;
  row.clients_mean = EvaluationResult{0.5, 0.8, 100};
  row.clients_median = EvaluationResult{0.6, 0.7, 10};
  charts.add(row);
  EXPECT_EQ(labels_of(chart_in(charts, "accuracy.svg")).size(), 2U);
}

TEST(RunCharts, StaySmallHoweverLongTheRun) {
  RunCharts charts;
  for (std::uint32_t i = 1; i <= 100'000; ++i) charts.add(round(i));
  for (const Picture& picture : charts.pictures("run", "")) {
    for (const Series& series : picture.chart.series) {
      EXPECT_LE(series.points.size(), kMostCurvePoints);
    }
  }
}

TEST(RunInWords, NamesTheRunAndLeavesOutWhatIsAsUsual) {
  Summary summary;
  summary.d = 101'770;
  summary.clients = 10;
  summary.rounds = 600;
  summary.seed = 7;
  ConfigValues config = {{"model", "mlp:128"},     {"partition", "iid"}, {"byzantine", "0"},
                         {"algorithm", "signum"},  {"ballot", "sign"},   {"attack", "invert"},
                         {"decision", "majority"}, {"lr", "0.001"}};
  EXPECT_EQ(run_in_words(config, summary),
            "mlp:128 with 101770 parameters, 10 clients, 600 rounds, signum, majority, seed 7");
  config["byzantine"] = "3";
  config["partition"] = "shards:2";
  config["ballot"] = "threshold:0.5";
  EXPECT_EQ(run_in_words(config, summary),
            "mlp:128 with 101770 parameters, 10 clients, shards:2, 3 liars (invert), 600 rounds, "
            "signum, threshold:0.5, majority, seed 7");
  summary.rounds = summary.clients = 1;
  EXPECT_EQ(run_in_words({}, summary), "101770 parameters, 1 client, 1 round, seed 7");
}

}  // namespace
}  // namespace psephos
