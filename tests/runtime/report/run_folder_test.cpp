#include "runtime/report/run_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace psephos {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class RunFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "psephos-run-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    scratch_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(scratch_, ignored);
  }

  fs::path scratch_;
};

RoundRow example_round() {
  RoundRow row;
  row.round = 1;
  row.seconds = 0.25;
  row.delta = 0.001;
  row.train_loss = 2.25;
  row.voters = 9;
  row.expected = 10;
  row.abstained = 0.125;
  row.decided = 0.5;
  row.bytes_up = 1000;
  row.bytes_down = 2000;
  row.fingerprint = 0xf00d;
  return row;
}

TEST_F(RunFolderTest, HoldsAllOfARun) {
  const fs::path where = scratch_ / "deep" / "run";
  auto folder = RunFolder::create(where, "rounds = 2\n");
  ASSERT_TRUE(folder) << folder.error().text;
  folder->add(example_round());
  EvaluationRow evaluation;
  evaluation.round = 1;
  evaluation.held_out = EvaluationResult{0.5, 0.875, 10'000};
  evaluation.clients_median = EvaluationResult{0.25, 0.75, 600};
  folder->add(evaluation);

  ClientRow client;
  client.name = "Ada, \"the\" first";
  client.samples = 6000;
  client.invited = 10;
  client.counted = 8;
  client.late = 1;
  client.absent = 2;
  client.agreement = 0.75;
  Summary summary;
  summary.rounds = 1;
  const std::vector<float> parameters = {1, 2, 3};
  const Status finished = folder->finish(summary, {client}, parameters);
  ASSERT_TRUE(finished) << finished.error().text;

  EXPECT_EQ(contents(where / "config.toml"), "rounds = 2\n");
  EXPECT_EQ(contents(where / "metrics.csv"),
            "round,seconds,delta,train_loss,voters,expected,abstained,decided,bytes_up,bytes_down,"
            "fingerprint\n"
            "1,0.250000,0.001,2.25,9,10,0.125,0.5,1000,2000,000000000000f00d\n");
  EXPECT_EQ(contents(where / "evaluations.csv"),
            "round,held_out_loss,held_out_accuracy,held_out_samples,clients_mean_loss,"
            "clients_mean_accuracy,clients_mean_samples,clients_median_loss,"
            "clients_median_accuracy,clients_median_samples\n"
            "1,0.5,0.875,10000,,,,0.25,0.75,600\n");
  EXPECT_EQ(contents(where / "clients.csv"),
            "name,samples,invited,counted,late,absent,agreement\n"
            "\"Ada, \"\"the\"\" first\",6000,10,8,1,2,0.75\n");
  EXPECT_EQ(contents(where / "parameters.npy"), npy_bytes(parameters));
  EXPECT_EQ(contents(where / "summary.json"), to_json(summary) + "\n");
}

TEST_F(RunFolderTest, ShowsRowsWhileTheRunGoes) {
  auto folder = RunFolder::create(scratch_, "");
  ASSERT_TRUE(folder);
  folder->add(example_round());
  EXPECT_NE(contents(scratch_ / "metrics.csv").find("f00d\n"), std::string::npos);
  EvaluationRow evaluation;
  evaluation.round = 17;
  folder->add(evaluation);
  EXPECT_NE(contents(scratch_ / "evaluations.csv").find("\n17,"), std::string::npos);
  EXPECT_FALSE(fs::exists(scratch_ / "summary.json"));
}

TEST_F(RunFolderTest, ARunWithoutRoundsStillHasItsTables) {
  auto folder = RunFolder::create(scratch_, "");
  ASSERT_TRUE(folder);
  ASSERT_TRUE(folder->finish(Summary{}, {}, {}));
  EXPECT_TRUE(contents(scratch_ / "metrics.csv").starts_with("round,seconds,"));
  EXPECT_TRUE(contents(scratch_ / "evaluations.csv").starts_with("round,held_out_loss,"));
  EXPECT_TRUE(fs::exists(scratch_ / "summary.json"));
}

TEST_F(RunFolderTest, RefusesToOverwriteARun) {
  for (const char* name :
       {"metrics.csv", "evaluations.csv", "clients.csv", "parameters.npy", "summary.json"}) {
    const fs::path where = scratch_ / name / "run";
    fs::create_directories(where);
    std::ofstream(where / name) << "precious";
    const auto folder = RunFolder::create(where, "new");
    ASSERT_FALSE(folder) << name;
    EXPECT_NE(folder.error().text.find("already holds a run"), std::string::npos);
    EXPECT_EQ(contents(where / name), "precious");
    EXPECT_FALSE(fs::exists(where / "config.toml"));
  }
}

TEST_F(RunFolderTest, ARunThatGoesOnFillsAFolderForEachPart) {
  for (const fs::path& part : {scratch_, scratch_ / "part-2", scratch_ / "part-3"}) {
    auto folder = RunFolder::create_part(scratch_, "config");
    ASSERT_TRUE(folder);
    EXPECT_EQ(folder->directory(), part);
    folder->add(example_round());
    EXPECT_TRUE(fs::exists(part / "metrics.csv"));
  }
}

TEST_F(RunFolderTest, NoPartOfARunGoesIntoASweep) {
  std::ofstream(scratch_ / "sweep.toml") << "precious";
  const auto folder = RunFolder::create_part(scratch_, "config");
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().text.find("already holds a run or a sweep (sweep.toml)"),
            std::string::npos);
}

TEST_F(RunFolderTest, AFailedStartLeavesTheFolderFree) {
  ASSERT_TRUE(RunFolder::create(scratch_, "first"));
  ASSERT_TRUE(RunFolder::create(scratch_, "second"));
  EXPECT_EQ(contents(scratch_ / "config.toml"), "second");
}

TEST_F(RunFolderTest, RefusesAPathThatIsAFile) {
  std::ofstream(scratch_ / "file") << "text";
  for (const fs::path& where : {scratch_ / "file", scratch_ / "file" / "below"}) {
    const auto folder = RunFolder::create(where, "");
    ASSERT_FALSE(folder) << where;
    EXPECT_TRUE(folder.error().text.starts_with("--out: cannot create the folder"));
  }
  EXPECT_EQ(contents(scratch_ / "file"), "text");
}

TEST_F(RunFolderTest, FinishSaysWhenRowsWereLost) {
  const fs::path where = scratch_ / "run";
  auto folder = RunFolder::create(where, "");
  ASSERT_TRUE(folder);
  fs::create_symlink("/dev/full", where / "metrics.csv");
  for (int i = 0; i < 1000; ++i) folder->add(example_round());
  const Status finished = folder->finish(Summary{}, {}, {});
  ASSERT_FALSE(finished);
  EXPECT_NE(finished.error().text.find("metrics.csv"), std::string::npos);
  EXPECT_FALSE(fs::exists(where / "summary.json"));
}

TEST_F(RunFolderTest, FinishSaysWhenTheFolderHasGone) {
  const fs::path where = scratch_ / "run";
  auto folder = RunFolder::create(where, "");
  ASSERT_TRUE(folder);
  fs::remove_all(where);
  folder->add(example_round());
  EXPECT_FALSE(folder->finish(Summary{}, {}, {}));
}

}  // namespace
}  // namespace psephos
