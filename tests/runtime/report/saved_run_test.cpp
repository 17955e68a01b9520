#include "runtime/report/saved_run.h"

#include "runtime/report/run_folder.h"
#include "tests/runtime/report/scratch.h"

namespace psephos {
namespace {

class SavedRunTest : public ScratchTest {
 protected:
  static RoundRow round(std::uint32_t number) {
    RoundRow row;
    row.round = number;
    row.train_loss = 2;
    row.bytes_up = 100 * std::uint64_t{number};
    row.bytes_down = 300 * std::uint64_t{number};
    row.fingerprint = number;
    return row;
  }
  static EvaluationRow evaluation(std::uint32_t number, double accuracy) {
    EvaluationRow row;
    row.round = number;
    row.held_out = EvaluationResult{0.5, accuracy, 100};
    return row;
  }

  // A folder as a run of three rounds leaves it, before finish().
  RunFolder run_of_three(const std::string& name = "run") {
    auto folder = RunFolder::create(scratch_ / name, "lr=0.001\nmodel=\"mlp:128\"\n");
    EXPECT_TRUE(folder);
    for (std::uint32_t i = 1; i <= 3; ++i) folder->add(round(i));
    folder->add(evaluation(2, 0.5));
    folder->add(evaluation(3, 0.75));
    return std::move(*folder);
  }
  static Summary summary_of_three() {
    Summary summary;
    summary.rounds = 3;
    summary.accuracy = 0.7512;
    summary.loss = 0.51;
    summary.bytes_up = 350;
    summary.bytes_down = 950;
    summary.wall_s = 1.5;
    summary.fingerprint = 0xf00d;
    summary.stopped_because = "interrupted";
    return summary;
  }

  std::string error_of(const std::string& name = "run") {
    const auto run = read_saved_run(scratch_ / name);
    return run ? "no error" : run.error().text;
  }
  void expect_error(const std::string& part) {
    EXPECT_NE(error_of().find(part), std::string::npos) << error_of();
  }
};

TEST_F(SavedRunTest, IsReadBackAsItWasWritten) {
  RunFolder folder = run_of_three();
  ASSERT_TRUE(folder.finish(summary_of_three(), {}, {}));
  const auto run = read_saved_run(scratch_ / "run");
  ASSERT_TRUE(run) << run.error().text;
  EXPECT_EQ(run->config, (ConfigValues{{"lr", "0.001"}, {"model", "mlp:128"}}));
  EXPECT_EQ(run->stopped_because, "interrupted");
  EXPECT_EQ(run->rounds, 3U);
  EXPECT_EQ(run->accuracy, 0.7512);
  EXPECT_EQ(run->loss, 0.51);
  EXPECT_EQ(run->bytes_up, 350U);  // farewells included
  EXPECT_EQ(run->bytes_down, 950U);
  EXPECT_EQ(run->wall_s, 1.5);
  EXPECT_EQ(run->fingerprint, "000000000000f00d");
  EXPECT_EQ(run->train_loss.points(), (std::vector<PlotPoint>{{1, 2}, {2, 2}, {3, 2}}));
  EXPECT_EQ(run->bytes.points(), (std::vector<PlotPoint>{{1, 400}, {2, 800}, {3, 1200}}));
  EXPECT_EQ(run->evaluated_accuracy.points(), (std::vector<PlotPoint>{{2, 0.5}, {3, 0.75}}));
  EXPECT_EQ(run->accuracy_by_bytes.points(), (std::vector<PlotPoint>{{800, 0.5}, {1200, 0.75}}));
}

TEST_F(SavedRunTest, OneThatStillGoesOnIsReadAsFarAsItIs) {
  const RunFolder folder = run_of_three();
  const auto run = read_saved_run(scratch_ / "run");
  ASSERT_TRUE(run) << run.error().text;
  EXPECT_EQ(run->stopped_because, "");
  EXPECT_EQ(run->rounds, 3U);
  EXPECT_EQ(run->accuracy, 0.75);
  EXPECT_EQ(run->bytes_up, 300U);
  EXPECT_EQ(run->fingerprint, "0000000000000003");
  EXPECT_FALSE(run->wall_s);
}

TEST_F(SavedRunTest, ARowThatWasBeingWrittenIsLeftOut) {
  { const RunFolder folder = run_of_three(); }
  std::ofstream(scratch_ / "run" / "metrics.csv", std::ios::app) << "4,0.5,0.0";
  EXPECT_EQ(read_saved_run(scratch_ / "run")->rounds, 3U);
}

TEST_F(SavedRunTest, WhereTheCoordinatorHasNoDataTheClientsSay) {
  auto folder = RunFolder::create(scratch_ / "run", "");
  folder->add(round(1));
  EvaluationRow row;
  row.round = 1;
  row.clients_mean = EvaluationResult{0.6, 0.7, 100};
  folder->add(row);
  const auto run = read_saved_run(scratch_ / "run");
  ASSERT_TRUE(run);
  EXPECT_EQ(run->accuracy, 0.7);
  EXPECT_EQ(run->evaluated_loss.points(), (std::vector<PlotPoint>{{1, 0.6}}));
}

TEST_F(SavedRunTest, WithoutEvaluationsHasRoundsOnly) {
  auto folder = RunFolder::create(scratch_ / "run", "");
  folder->add(round(1));
  const auto run = read_saved_run(scratch_ / "run");
  ASSERT_TRUE(run);
  EXPECT_FALSE(run->accuracy);
  EXPECT_EQ(run->evaluated_accuracy.size(), 0U);
}

TEST_F(SavedRunTest, SaysWhatIsNoRun) {
  EXPECT_NE(error_of("missing").find("there is no folder "), std::string::npos);
  std::filesystem::create_directories(scratch_ / "empty");
  EXPECT_NE(error_of("empty").find("holds no run: config.toml is not there"), std::string::npos);
  write("waiting/config.toml", "lr=1\n");
  EXPECT_NE(error_of("waiting").find("no round is finished"), std::string::npos);
  write("file", "text");
  EXPECT_NE(error_of("file").find("holds no run"), std::string::npos);
}

TEST_F(SavedRunTest, NamesTheLineThatIsDamaged) {
  { const RunFolder folder = run_of_three(); }
  const auto metrics = scratch_ / "run" / "metrics.csv";
  const std::string whole = contents(metrics);
  const std::string last = whole.substr(whole.rfind('\n', whole.size() - 2) + 1);

  write("run/metrics.csv", whole + last);  // round 3 again
  expect_error("metrics.csv, line 5: is not a round after the one above it");
  write("run/metrics.csv", whole + "x" + last);
  expect_error("metrics.csv, line 5: round is not a number: \"x3\"");
  write("run/metrics.csv", whole + "4,5\n");
  expect_error("metrics.csv, line 5: has 2 fields, the header 11");
  write("run/metrics.csv", std::string("\0\0\0", 3));
  expect_error("has no header line");
  write("run/metrics.csv", whole);
  write("run/evaluations.csv", "round,other\n");
  expect_error("evaluations.csv has no column held_out_accuracy");
}

TEST_F(SavedRunTest, ASummaryThatTellsOfOtherRoundsIsSuspicious) {
  RunFolder folder = run_of_three();
  Summary summary = summary_of_three();
  summary.rounds = 4;
  ASSERT_TRUE(folder.finish(summary, {}, {}));
  expect_error("tells of 4 rounds, metrics.csv of 3: one of them is damaged");
}

TEST_F(SavedRunTest, ASummaryThatIsNoneIsSaid) {
  { const RunFolder folder = run_of_three(); }
  for (const char* text :
       {"", "{", "[]", "null", "{}", R"({"rounds": -3})", R"({"rounds": 3, "bytes_up": "many"})"}) {
    write("run/summary.json", text);
    expect_error("summary.json is not a summary of ours");
  }
  write("run/summary.json", std::string(2 << 20, ' '));
  expect_error("summary.json: is larger than");
}

}  // namespace
}  // namespace psephos
