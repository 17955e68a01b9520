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

TEST(RunWords, GiveTheRulesByWhichDecisionsAreMadeAgain) {
  RunConfig config;
  config.hyper.seed = 4'000'000'001;
  config.decision = *parse_decision_rule("momentum:0.95,0.01");
  config.downlink = Downlink::kTernary;
  const auto rules = rules_of(run_words(config, kTensors, 7, 9));
  ASSERT_TRUE(rules.ok()) << rules.error().text;
  EXPECT_EQ(rules->decision, config.decision);
  EXPECT_EQ(rules->downlink, Downlink::kTernary);
  EXPECT_EQ(rules->seed, 4'000'000'001u);
  config.decision = *parse_decision_rule("majority");
  config.downlink = Downlink::kBinary;
  const auto binary = rules_of(run_words(config, kTensors, 7, 9));
  ASSERT_TRUE(binary.ok());
  EXPECT_EQ(binary->decision, config.decision);
  EXPECT_EQ(binary->downlink, Downlink::kBinary);
}

TEST(RunWords, ThatThisProgramDoesNotKnowGiveNoRules) {
  const auto why = [](const char* words) {
    const auto rules = rules_of(words);
    return rules ? std::string() : rules.error().text;
  };
  constexpr const char* kGood = "--seed 1\n--decision majority\n--downlink ternary\n";
  EXPECT_EQ(why(kGood), "");
  EXPECT_EQ(why("--decision majority\n--downlink ternary\n--seed 1"), "");
  EXPECT_NE(why("--seed 1\n--decision oracle\n--downlink ternary\n").find("oracle"),
            std::string::npos);
  EXPECT_NE(why("--seed 1\n--decision majority\n--downlink up\n").find("up"), std::string::npos);
  for (const char* words : {"", "--seed\n", "--seed 1\n", "--seed 1\n--decision majority\n",
                            "--decision majority\n--downlink ternary\n",
                            "--seed x\n--decision majority\n--downlink ternary\n",
                            "--seed 1x\n--decision majority\n--downlink ternary\n",
                            "--seed 4294967296\n--decision majority\n--downlink ternary\n",
                            "--seeds 1\n--decision majority\n--downlink ternary\n"}) {
    EXPECT_NE(why(words), "") << words;
  }
}

TEST(TensorsText, ComesBackAsTheSameTensors) {
  EXPECT_EQ(tensors_text(kTensors), "100 0.25 weight\n10 0 bias\n");
  TensorTable odd = {{"a name of spaces", 0, 1, 1e-38F}, {"b", 1, 70'000, 0.1F}};
  for (const TensorTable& tensors : {kTensors, odd}) {
    const auto again = tensors_of(tensors_text(tensors));
    ASSERT_TRUE(again.ok()) << tensors_text(tensors);
    EXPECT_EQ(*again, tensors);
  }
}

TEST(TensorsText, ThatIsMalformedIsRefused) {
  for (const char* text :
       {"", "\n", "100 0.25 weight", "100 0.25\n", "100\n", " 0.25 weight\n", "-1 0.25 weight\n",
        "0 0.25 weight\n", "x 0.25 weight\n", "100 x weight\n", "100 nan weight\n",
        "100 -1 weight\n", "100 inf weight\n", "100 0.25 \n", "4294967296 0.25 weight\n",
        "4294967295 0.25 weight\n", "100  0.25 weight\n", "100 0.25 weight\n10 0 bias"}) {
    EXPECT_FALSE(tensors_of(text).ok()) << text;
  }
  std::string many;
  for (std::size_t i = 0; i <= kMaxTensors; ++i) many += "1 0 t\n";
  EXPECT_FALSE(tensors_of(many).ok());
}

}  // namespace
}  // namespace psephos::coordinator
