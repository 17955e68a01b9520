#include "coordinator/ledger/run_words.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace psephos::coordinator {
namespace {

const TensorTable kTensors = {{"weight", 0, 100, 0.25f}, {"bias", 100, 10, 0}};

TEST(RunWords, NameTheFirstFlagThatDiffersAndBothItsValues) {
  RunConfig config;
  const std::string before = run_words(config, kTensors, 0, 0);
  EXPECT_FALSE(first_difference(before, before));
  config.lr = 0.01;
  config.min_voters = 7;
  const auto difference = first_difference(before, run_words(config, kTensors, 0, 0));
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->flag, "--lr");
  EXPECT_EQ(difference->was, "0.001");
  EXPECT_EQ(difference->is, "0.01");
}

TEST(RunWords, TellModelsPartitionsAndTestSetsApart) {
  const RunConfig config;
  TensorTable renamed = kTensors;
  renamed[1].name = "offset";
  TensorTable scaled = kTensors;
  scaled[0].init_scale = 0.5f;
  const std::set<std::string> all = {
      run_words(config, kTensors, 0, 0), run_words(config, renamed, 0, 0),
      run_words(config, scaled, 0, 0), run_words(config, kTensors, 9, 0),
      run_words(config, kTensors, 0, 9)};
  EXPECT_EQ(all.size(), 5u);
}

TEST(RunWords, LetChangeWhatChangesNoDecision) {
  RunConfig config;
  const std::string before = run_words(config, kTensors, 0, 0);
  config.hyper.rounds = 5000;
  config.max_clients = 7;
  config.eval_every = 1;
  const std::string now = run_words(config, kTensors, 0, 0);
  EXPECT_FALSE(first_difference(before, now));
  EXPECT_NE(now.find("--max-clients 7\n"), std::string::npos);
  EXPECT_NE(now.find("--eval-every 1\n"), std::string::npos);
}

TEST(RunWords, AMissingLineDiffersFromAnyValue) {
  const auto more = first_difference("--a 1\n", "--a 1\n--b 2\n");
  ASSERT_TRUE(more);
  EXPECT_EQ(more->flag, "--b");
  EXPECT_EQ(more->was, "not set");
  const auto fewer = first_difference("--a 1\n--b 2\n", "--a 1\n");
  ASSERT_TRUE(fewer);
  EXPECT_EQ(fewer->flag, "--b");
  EXPECT_EQ(fewer->is, "not set");
}

}  // namespace
}  // namespace psephos::coordinator
