#include "runtime/report/config_file.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/report/options.h"

namespace psephos {
namespace {

namespace fs = std::filesystem;

// A coordinator's flags.
struct Coordinator {
  Coordinator() {
    add_config_option(app, source);
    app.add_option("--bind", bind)->required();
    add_run_options(app, run);
    add_output_options(app, output);
  }
  CLI::App app{"Counts votes."};
  ConfigSource source;
  std::string bind;
  RunOptions run;
  OutputOptions output;
};

// What it said on stderr, and its exit status, if it ended.
struct Parsed {
  std::optional<int> exit;
  std::string err;
};

Parsed parse(CLI::App& app, std::vector<std::string> words) {
  words.insert(words.begin(), "psephos-test");
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  testing::internal::CaptureStderr();
  const auto exit = parse_command_line(app, static_cast<int>(argv.size()), argv.data());
  return {exit, testing::internal::GetCapturedStderr()};
}

// A refused text's sentence.
std::string refusal(std::string_view text) {
  Coordinator program;
  const auto applied = apply_config(program.app, text, "run.toml");
  return applied ? "accepted" : applied.error().text;
}

TEST(ApplyConfig, SettingsReachTheFlagsOfTheirNames) {
  Coordinator program;
  const auto applied = apply_config(program.app,
                                    "# a run\n"
                                    "lr = 5e-1\r\n"
                                    "schedule = \"step:1,2\"  # twice\n"
                                    "\n"
                                    "client-eval = true\n"
                                    "rounds = 1_000\n"
                                    "local-steps = 3\n"
                                    "seed = \"7\"",
                                    "run.toml");
  ASSERT_TRUE(applied) << applied.error().text;
  EXPECT_EQ(program.run.lr, 0.5);
  EXPECT_EQ(program.run.schedule, "step:1,2");
  EXPECT_TRUE(program.run.client_eval);
  EXPECT_EQ(program.run.rounds, 1000U);
  EXPECT_EQ(program.run.local_steps, "3");
  EXPECT_EQ(program.run.seed, 7U);
  EXPECT_EQ(program.run.batch, RunOptions{}.batch);
  EXPECT_EQ(applied->file, "run.toml");
  EXPECT_EQ(applied->lines.at("--schedule"), 3U);
  EXPECT_EQ(applied->lines.at("--seed"), 8U);
  EXPECT_EQ(applied->lines.size(), 6U);
}

TEST(ApplyConfig, AnEmptyTextIsAConfigOfDefaults) {
  Coordinator program;
  ASSERT_TRUE(apply_config(program.app, "", "run.toml"));
  EXPECT_EQ(program.run.lr, RunOptions{}.lr);
}

TEST(ApplyConfig, AFlagCanBeSwitchedOffAgain) {
  Coordinator program;
  program.run.client_eval = true;
  ASSERT_TRUE(apply_config(program.app, "client-eval = false", "run.toml"));
  EXPECT_FALSE(program.run.client_eval);
}

TEST(ApplyConfig, ARefusalNamesFileLineAndWhatToDo) {
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"bta = 1", "run.toml:1: there is no setting 'bta'; did you mean beta?"},
      {"\n\nmin_voters = 1",
       "run.toml:3: there is no setting 'min_voters'; did you mean min-voters?"},
      {"xyzzyxyzzy = 1", "run.toml:1: there is no setting 'xyzzyxyzzy'"},
      {"lr = 1\nrounds = 2\nlr = 1", "run.toml:3: lr: is set in line 1 already"},
      {"lr = \"fast\"", "run.toml:1: --lr: \"fast\" is not a number"},
      {"lr = true", "run.toml:1: --lr: \"true\" is not a number"},
      {"lr = 1e999", "run.toml:1: --lr: \"1e999\" is not a number"},
      {"rounds = -5", "run.toml:1: --rounds: \"-5\" is not a whole number from 0 to 4294967295"},
      {"rounds = 1e3", "run.toml:1: --rounds: \"1e3\" is not a whole number from 0 to 4294967295"},
      {"rounds = 4294967296",
       "run.toml:1: --rounds: \"4294967296\" is not a whole number from 0 to 4294967295"},
      {"rounds = ''", "run.toml:1: --rounds: \"\" is not a whole number from 0 to 4294967295"},
      {"client-eval = 1", "run.toml:1: client-eval: is either true or false"},
      {"client-eval = \"true\"", "run.toml:1: client-eval: is either true or false"},
      {"lr = [1]", "run.toml:1: lr: takes one value, not a list"},
      {"[run]\nlr = 1",
       "run.toml:1: there is no section [run]; a setting stands alone on its line, like lr = 1e-3"},
      {"PK\x03\x04", "run.toml:1: holds a byte that no text has (0x03): is it a config file?"},
  };
  for (const auto& [text, sentence] : texts) EXPECT_EQ(refusal(text), sentence);
}

TEST(ApplyConfig, WhereResultsGoIsNotForAFileToSay) {
  for (const std::string key : {"out", "json", "quiet", "config", "help"}) {
    EXPECT_EQ(refusal(key + " = true"), "run.toml:1: " + key +
                                            ": is not for a file to set; give --" + key +
                                            " on the command line");
  }
}

TEST(ApplyConfig, AClientIsToldWhoDecides) {
  CLI::App client;
  std::string dataset;
  client.add_option("--dataset", dataset);
  refuse_run_options(client);
  for (const char* setting : {"lr = 0.1", "client-eval = true", "model = \"softmax\""}) {
    const auto applied = apply_config(client, setting, "device.toml");
    ASSERT_FALSE(applied) << setting;
    EXPECT_TRUE(applied.error().text.starts_with("device.toml:1: --")) << applied.error().text;
    EXPECT_TRUE(applied.error().text.ends_with(
        ": the coordinator decides that; start psephos-coordinator with it"))
        << applied.error().text;
  }
  // What it cannot set is not what it is advised to set.
  const auto unknown = apply_config(client, "datset = \"synthetic\"\n", "device.toml");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().text,
            "device.toml:1: there is no setting 'datset'; did you mean dataset?");
}

TEST(ApplyConfig, TextWithoutEndIsRefusedUnread) {
  const std::string text(kMostConfigBytes + 1, '\n');
  EXPECT_EQ(refusal(text),
            "run.toml: 1.0 MB is more than a config file may have (1.0 MB): is it one?");
  EXPECT_EQ(refusal(text.substr(1)), "accepted");
}

TEST(ConfigSource, ASentenceAboutAFlagNobodyTypedNamesTheLine) {
  const ConfigSource source{"run.toml", {{"--beta", 3}, {"--min-voters", 4}}};
  EXPECT_EQ(source.explain("--beta 7: must be less than 1"),
            "run.toml:3: --beta 7: must be less than 1");
  EXPECT_EQ(source.explain("--min-voters, --beta: no"), "run.toml:4: --min-voters, --beta: no");
  for (const char* text : {"--lr 7: see --beta", "no flag", "", "--", "--bet", "--grid: --beta"}) {
    EXPECT_EQ(source.explain(text), text);
  }
}

// ---- --config ----------------------------------------------------------------------------------

class ConfigOption : public ::testing::Test {
 protected:
  ConfigOption() { fs::create_directories(scratch_); }
  ~ConfigOption() override {
    std::error_code ignored;
    fs::remove_all(scratch_, ignored);
  }
  std::string write(const std::string& text) const {
    const fs::path path = scratch_ / "run.toml";
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  const fs::path scratch_ =
      fs::path(::testing::TempDir()) /
      ("psephos-config-" +
       std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(ConfigOption, FlagsOverrideTheFileWhereverTheyStand) {
  const std::string file = write("bind = \"there\"\nlr = 0.5\nrounds = 7\nclient-eval = true\n");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--config", file, "--lr", "0.25", "--client-eval=false"},
        {"--lr", "0.25", "--client-eval=false", "--config", file}}) {
    Coordinator program;
    const Parsed parsed = parse(program.app, words);
    ASSERT_FALSE(parsed.exit) << parsed.err;
    EXPECT_EQ(program.bind, "there");
    EXPECT_EQ(program.run.lr, 0.25);
    EXPECT_EQ(program.run.rounds, 7U);
    EXPECT_FALSE(program.run.client_eval);
    EXPECT_EQ(program.source.file, file);
    EXPECT_EQ(program.source.lines.size(), 2U);
    EXPECT_EQ(program.source.lines.at("--rounds"), 3U);
  }
  // --bind is declared before the run's flags, and required.
  Coordinator program;
  ASSERT_FALSE(parse(program.app, {"--bind", "here", "--config", file}).exit);
  EXPECT_EQ(program.bind, "here");
}

TEST_F(ConfigOption, ASwitchIsOverriddenEitherWay) {
  const std::string file = write("bind = \"x\"\nclient-eval = false\n");
  Coordinator program;
  ASSERT_FALSE(parse(program.app, {"--config", file, "--client-eval"}).exit);
  EXPECT_TRUE(program.run.client_eval);
  EXPECT_NE(config_as_run(program.app).find("\nclient-eval=true\n"), std::string::npos);
  Coordinator yes;
  ASSERT_FALSE(parse(yes.app, {"--config", file, "--client-eval=yes"}).exit);
  EXPECT_TRUE(yes.run.client_eval);
  EXPECT_NE(config_as_run(yes.app).find("\nclient-eval=true\n"), std::string::npos);
}

TEST_F(ConfigOption, AnOverriddenValueIsCheckedAllTheSame) {
  const std::string file = write("lr = \"fast\"\n");
  Coordinator program;
  const Parsed parsed = parse(program.app, {"--bind", "x", "--lr", "1", "--config", file});
  EXPECT_EQ(parsed.exit, kExitUsage);
  EXPECT_EQ(parsed.err,
            "psephos-test: " + file + ":1: --lr: \"fast\" is not a number (try --help)\n");
}

TEST_F(ConfigOption, AWrongFlagIsNotBlamedOnTheFile) {
  const std::string file = write("bind = \"x\"\nlr = 0.5\n");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--config", file, "--lr", "fast"},
        {"--lr", "fast", "--config", file}}) {
    Coordinator program;
    const Parsed parsed = parse(program.app, words);
    EXPECT_EQ(parsed.exit, kExitUsage);
    EXPECT_EQ(parsed.err, "psephos-test: --lr: \"fast\" is not a number (try --help)\n");
  }
}

TEST_F(ConfigOption, WhatCannotBeReadIsAFailureAndWhatIsTooLargeAMistake) {
  for (const std::string& file : {(scratch_ / "missing").string(), scratch_.string()}) {
    Coordinator program;
    const Parsed parsed = parse(program.app, {"--bind", "x", "--config", file});
    EXPECT_EQ(parsed.exit, kExitFailure);
    EXPECT_TRUE(parsed.err.starts_with("psephos-test: --config " + file + ": ")) << parsed.err;
  }
  const std::string file = write(std::string(kMostConfigBytes + 1, 'x'));
  Coordinator program;
  const Parsed parsed = parse(program.app, {"--bind", "x", "--config", file});
  EXPECT_EQ(parsed.exit, kExitUsage);
  EXPECT_TRUE(parsed.err.starts_with("psephos-test: " + file + ": 1.0 MB is more than"))
      << parsed.err;
}

TEST_F(ConfigOption, GivenTwiceOrWithoutAFileItIsAMistake) {
  const std::string file = write("");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--config", file, "--config", file}, {"--config"}}) {
    Coordinator program;
    const Parsed parsed = parse(program.app, words);
    EXPECT_EQ(parsed.exit, kExitUsage);
    EXPECT_TRUE(parsed.err.starts_with("psephos-test: --config: ")) << parsed.err;
  }
}

// ---- config_as_run -----------------------------------------------------------------------------

TEST(ConfigAsRun, HoldsEveryFlagInUseWithItsValue) {
  Coordinator program;
  ASSERT_FALSE(parse(program.app, {"--bind", "x", "--lr", "0.5", "--schedule", "step:1,2", "--json",
                                   "--client-eval"})
                   .exit);
  const std::string text = config_as_run(program.app);
  for (const char* line :
       {"# Counts votes.\n", "\n# Training Options\n", "\n# samples behind one gradient\n",
        "\nlr=0.5\n", "\nschedule=\"step:1,2\"\n", "\nrounds=600\n", "\nmodel=\"mlp:128\"\n",
        "\nclient-eval=true\n", "\nmin-voters=0\n", "\nbind=\"x\"\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  for (const char* absent : {"json", "quiet", "help=", "version=", "config="}) {
    EXPECT_EQ(text.find(absent), std::string::npos) << absent << text;
  }
  EXPECT_NE(config_as_run(Coordinator{}.app).find("\nclient-eval=false\n"), std::string::npos);
}

TEST(ConfigAsRun, LeavesOutWhatItIsTold) {
  const Coordinator program;
  const std::string text = config_as_run(program.app, {"--lr", "--seed"});
  EXPECT_EQ(text.find("\nlr="), std::string::npos) << text;
  EXPECT_EQ(text.find("\nseed="), std::string::npos) << text;
  EXPECT_NE(text.find("\nlocal-lr="), std::string::npos) << text;
}

TEST(ConfigAsRun, GivesTheSameRunAgain) {
  Coordinator first;
  ASSERT_FALSE(parse(first.app, {"--bind", "x", "--lr", ".5", "--schedule", "step:1,2",
                                 "--client-eval", "--normalisation", "0.5:-1", "--batch", "007",
                                 "--dataset", "idx:/my \"own\" 'data' #1\\x"})
                   .exit);
  const std::string written = config_as_run(first.app);
  Coordinator second;
  const auto applied = apply_config(second.app, written, "config.toml");
  ASSERT_TRUE(applied) << applied.error().text;
  EXPECT_EQ(second.run.lr, 0.5);
  EXPECT_EQ(second.run.schedule, "step:1,2");
  EXPECT_EQ(second.run.normalisation, "0.5:-1");
  EXPECT_EQ(second.run.batch, 7U);
  EXPECT_EQ(second.run.dataset, "idx:/my \"own\" 'data' #1\\x");
  EXPECT_TRUE(second.run.client_eval);
  EXPECT_EQ(config_as_run(second.app), written);
}

}  // namespace
}  // namespace psephos
