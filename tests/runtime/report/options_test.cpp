#include "runtime/report/options.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace psephos {
namespace {

// What a program did with its command line.
struct Parsed {
  std::optional<int> exit;
  std::string out;
  std::string err;
};

Parsed parse(CLI::App& app, std::vector<std::string> words) {
  words.insert(words.begin(), "bin/psephos-test");
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Parsed parsed;
  parsed.exit = parse_command_line(app, static_cast<int>(argv.size()), argv.data());
  parsed.out = testing::internal::GetCapturedStdout();
  parsed.err = testing::internal::GetCapturedStderr();
  return parsed;
}

// A coordinator's command line: flags of a run, and of output.
struct Coordinator {
  Coordinator() {
    add_run_options(app, run);
    add_output_options(app, output);
    app.set_version_flag("--version", "psephos 1.2.3");
  }
  CLI::App app{"Counts votes."};
  RunOptions run;
  OutputOptions output;
};

TEST(Options, EveryFlagOfTheVocabularyReachesTheConfig) {
  Coordinator program;
  const Parsed parsed = parse(program.app, {"--dataset",
                                            "synthetic",
                                            "--model",
                                            "softmax",
                                            "--rounds",
                                            "7",
                                            "--batch",
                                            "8",
                                            "--algorithm",
                                            "signsgd",
                                            "--beta",
                                            "0.5",
                                            "--ballot",
                                            "threshold:0.5",
                                            "--decision",
                                            "quorum:0.1",
                                            "--downlink",
                                            "ternary",
                                            "--lr",
                                            "1e-2",
                                            "--schedule",
                                            "step:2,4",
                                            "--weight-decay",
                                            "0.01",
                                            "--fraction",
                                            "0.5",
                                            "--audience",
                                            "drawn",
                                            "--local-steps",
                                            "epoch",
                                            "--local-lr",
                                            "0.25",
                                            "--staleness",
                                            "2",
                                            "--seed",
                                            "9",
                                            "--normalisation",
                                            "0.5:-1",
                                            "--min-voters",
                                            "3",
                                            "--target-voters",
                                            "4",
                                            "--min-clients",
                                            "5",
                                            "--deadline-ms",
                                            "1500",
                                            "--heartbeat-ms",
                                            "700",
                                            "--max-clients",
                                            "50",
                                            "--eval-every",
                                            "10",
                                            "--out",
                                            "runs/x",
                                            "--json",
                                            "--quiet"});
  ASSERT_FALSE(parsed.exit) << parsed.err;
  EXPECT_EQ(program.run.dataset, "synthetic");
  EXPECT_EQ(program.output.out, "runs/x");
  EXPECT_TRUE(program.output.json);
  EXPECT_TRUE(program.output.quiet);

  const Result<RunConfig> config = to_run_config(program.run);
  ASSERT_TRUE(config) << config.error().text;
  const Hyperparameters& hyper = config->hyper;
  EXPECT_EQ(hyper.model, "softmax");
  EXPECT_EQ(hyper.rounds, 7u);
  EXPECT_EQ(config->batch, 8u);
  EXPECT_EQ(to_string(hyper.worker), "signsgd");
  EXPECT_EQ(to_string(hyper.ballot), "threshold:0.5");
  EXPECT_EQ(to_string(config->decision), "quorum:0.1");
  EXPECT_EQ(config->downlink, Downlink::kTernary);
  EXPECT_EQ(config->lr, 1e-2);
  EXPECT_EQ(to_string(config->schedule), "step:2,4");
  EXPECT_EQ(config->weight_decay, 0.01);
  EXPECT_EQ(config->fraction, 0.5);
  EXPECT_EQ(hyper.audience, Audience::kDrawn);
  EXPECT_EQ(hyper.local_steps, kLocalEpoch);
  EXPECT_EQ(config->local_lr, 0.25f);
  EXPECT_EQ(hyper.staleness, 2u);
  EXPECT_EQ(hyper.seed, 9u);
  EXPECT_EQ(hyper.normalisation, (Normalisation{0.5f, -1.0f}));
  EXPECT_EQ(config->min_voters, 3u);
  EXPECT_EQ(config->target_voters, 4u);
  EXPECT_EQ(config->min_clients, 5u);
  EXPECT_EQ(config->deadline_ms, 1500u);
  EXPECT_EQ(hyper.heartbeat_ms, 700u);
  EXPECT_EQ(config->max_clients, 50u);
  EXPECT_EQ(config->eval_every, 10u);
}

TEST(Options, ClientsAreAskedForEvaluationsOnlyWhenTheyAreTold) {
  Coordinator program;
  ASSERT_FALSE(parse(program.app, {"--client-eval"}).exit);
  const Result<RunConfig> config = to_run_config(program.run);
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_TRUE(config->client_eval);
  program.run.client_eval = false;
  EXPECT_FALSE(to_run_config(program.run)->client_eval);
}

TEST(Options, AnExternalModelIsAWordOnTheWireAndAFileHere) {
  RunOptions options;
  options.model = "external:models/TENSORS:2.toml";
  options.init = "x0.npy";
  const Result<RunConfig> config = to_run_config(options);
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->hyper.model, "external");
  EXPECT_EQ(config->tensors_file, "models/TENSORS:2.toml");
  EXPECT_EQ(config->init_file, "x0.npy");
  EXPECT_TRUE(config->client_eval) << "nobody else knows how good it is";
  options.audience = "drawn";  // where clients cannot be asked
  EXPECT_FALSE(to_run_config(options)->client_eval);
  options.audience = "all";
  for (const char* words : {"external", "external:"}) {
    options.model = words;
    const Result<RunConfig> none = to_run_config(options);
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().text.find("external:TENSORS.toml"), std::string::npos);
  }
  options.model = "externals:x";
  EXPECT_EQ(to_run_config(options)->tensors_file, "");
}

TEST(Options, DefaultsMakeAValidRunWithOneVoterAtLeast) {
  const Result<RunConfig> config = to_run_config(RunOptions{});
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->min_voters, 1u);
  EXPECT_EQ(config->hyper, Hyperparameters{});
}

TEST(Options, HelpFitsAHundredColumnsAndShowsEveryDefault) {
  Coordinator program;
  const Parsed parsed = parse(program.app, {"--help"});
  EXPECT_EQ(parsed.exit, kExitSuccess);
  EXPECT_EQ(parsed.err, "");
  std::istringstream lines(parsed.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  for (const char* text :
       {"\nTraining:\n", "\nVote:\n", "\nRounds:\n", "\nOutput:\n", "--lr RATE=0.001 ",
        "--rounds N=600 ", "--model MODEL=mlp:128 ", "--out DIR "}) {
    EXPECT_NE(parsed.out.find(text), std::string::npos) << text << parsed.out;
  }
}

TEST(Options, HelpStartsEachTextBesideItsFlag) {
  Coordinator program;
  const Parsed parsed = parse(program.app, {"--help"});
  std::istringstream lines(parsed.out);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  --")) continue;
    EXPECT_GT(line.size(), 40u) << line;
  }
}

TEST(Options, VersionExitsWithSuccess) {
  Coordinator program;
  const Parsed parsed = parse(program.app, {"--version"});
  EXPECT_EQ(parsed.exit, kExitSuccess);
  EXPECT_EQ(parsed.out, "psephos 1.2.3\n");
}

struct Mistake {
  std::vector<std::string> words;
  std::string sentence;
};

TEST(Options, AUsageErrorIsOneSentenceOnStderrAndStatusTwo) {
  const std::vector<Mistake> mistakes = {
      {{"--round", "5"}, "there is no option --round"},
      {{"-x"}, "there is no option -x"},
      {{"now"}, "\"now\" belongs to no option"},
      {{"--rounds", "many"}, "--rounds: \"many\" is not a whole number from 0 to 4294967295"},
      {{"--rounds", "-5"}, "--rounds: \"-5\" is not a whole number from 0 to 4294967295"},
      {{"--rounds", "4294967296"},
       "--rounds: \"4294967296\" is not a whole number from 0 to 4294967295"},
      {{"--rounds", "1.5"}, "--rounds: \"1.5\" is not a whole number from 0 to 4294967295"},
      {{"--rounds", "0x10"}, "--rounds: \"0x10\" is not a whole number from 0 to 4294967295"},
      {{"--rounds", ""}, "--rounds: \"\" is not a whole number from 0 to 4294967295"},
      {{"--lr", "fast"}, "--lr: \"fast\" is not a number"},
      {{"--lr", "nan"}, "--lr: \"nan\" is not a number"},
      {{"--lr", "inf"}, "--lr: \"inf\" is not a number"},
      {{"--lr", "1e999"}, "--lr: \"1e999\" is not a number"},
      {{"--lr", "1e300"}, "--lr: 1e300 is not between -3.40282e+38 and 3.40282e+38"},
      {{"--lr"}, "--lr: needs a value"},
      {{"--lr", "1", "--lr", "2"}, "--lr: was given more than once"},
  };
  for (const auto& [words, sentence] : mistakes) {
    Coordinator program;
    const Parsed parsed = parse(program.app, words);
    EXPECT_EQ(parsed.exit, kExitUsage) << sentence;
    EXPECT_EQ(parsed.out, "") << sentence;
    EXPECT_EQ(parsed.err, "psephos-test: " + sentence + " (try --help)\n");
  }
}

TEST(Options, AWordThatIsNoRuleIsReportedUnderItsFlag) {
  const std::vector<std::pair<std::string, std::string RunOptions::*>> words = {
      {"--algorithm", &RunOptions::algorithm},     {"--ballot", &RunOptions::ballot},
      {"--decision", &RunOptions::decision},       {"--downlink", &RunOptions::downlink},
      {"--schedule", &RunOptions::schedule},       {"--audience", &RunOptions::audience},
      {"--local-steps", &RunOptions::local_steps}, {"--normalisation", &RunOptions::normalisation},
  };
  for (const auto& [flag, member] : words) {
    RunOptions options;
    options.*member = "nonsense";
    const Result<RunConfig> config = to_run_config(options);
    ASSERT_FALSE(config) << flag;
    EXPECT_TRUE(config.error().text.starts_with(flag)) << config.error().text;
  }
}

TEST(Options, AValueOutOfRangeIsAnErrorThatNamesTheFlag) {
  RunOptions options;
  options.beta = 1e38;
  const Result<RunConfig> config = to_run_config(options);
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().text.find("--beta"), std::string::npos) << config.error().text;
}

TEST(Options, BetaIsTheRulesNumberWhereItsWordsLeaveItOut) {
  RunOptions options;
  options.algorithm = "signum";
  EXPECT_EQ(to_string(to_run_config(options)->hyper.worker), "signum:0.9");
  options.beta = 0.5;
  EXPECT_EQ(to_string(to_run_config(options)->hyper.worker), "signum:0.5");
  options.algorithm = "signum:0.5";
  ASSERT_TRUE(to_run_config(options).ok()) << "both say the same";
  EXPECT_EQ(to_string(to_run_config(options)->hyper.worker), "signum:0.5");
  options.beta = RunOptions{}.beta;
  options.algorithm = "signum:0.25";
  EXPECT_EQ(to_string(to_run_config(options)->hyper.worker), "signum:0.25");
  options.algorithm = "signsgd";  // which has no such number
  options.beta = 0.5;
  EXPECT_EQ(to_string(to_run_config(options)->hyper.worker), "signsgd");
}

TEST(Options, ABetaThatContradictsTheRulesWordsIsRefused) {
  RunOptions options;
  options.algorithm = "signum:0.25";
  options.beta = 0.5;
  const Result<RunConfig> config = to_run_config(options);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().text,
            "--beta 0.5: --algorithm signum:0.25 says another: give one of them");
}

TEST(Options, ABetaOutOfTheRulesRangeIsRefused) {
  for (const double beta : {1.0, 2.0, -0.1}) {
    RunOptions options;
    options.algorithm = "signum";
    options.beta = beta;
    const Result<RunConfig> config = to_run_config(options);
    ASSERT_FALSE(config) << beta;
    EXPECT_TRUE(config.error().text.starts_with("--beta ")) << config.error().text;
  }
}

// The tables are the only list: a rule that is in one is in the help.
TEST(Options, HelpTellsOfEveryRuleInTheTables) {
  Coordinator program;
  const Parsed parsed = parse(program.app, {"--help"});
  std::string help;  // as one line, whatever it wraps to
  for (const char c : parsed.out) {
    const char next = c == '\n' ? ' ' : c;
    if (next != ' ' || (!help.empty() && help.back() != ' ')) help += next;
  }
  const auto expect_all = [&help](const auto& family) {
    for (const auto* rule : family.rules()) {
      const std::string form = rule_form(rule->head);
      EXPECT_NE(help.find(form), std::string::npos) << form;
      const std::string text(rule->head.help);
      EXPECT_NE(help.find(text), std::string::npos) << text;
    }
  };
  expect_all(worker_rules());
  expect_all(ballot_rules());
  expect_all(decision_rules());
  expect_all(schedules());
}

TEST(Options, ALocalLearningRateBeyondReasonIsRefused) {
  RunOptions options;
  options.local_lr = 1001;
  const Result<RunConfig> config = to_run_config(options);
  ASSERT_FALSE(config);
  EXPECT_TRUE(config.error().text.starts_with("--local-lr 1001: ")) << config.error().text;
}

TEST(Options, AbstentionsWithABinaryDownlinkAreRefused) {
  RunOptions options;
  options.downlink = "binary";
  options.ballot = "threshold:0.5";
  const Result<RunConfig> config = to_run_config(options);
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().text.find("--downlink"), std::string::npos) << config.error().text;
}

// The client's command line: its own dataset and seed, the rest refused.
struct Client {
  Client() {
    app.add_option("--dataset", dataset);
    app.add_option("--seed", seed);
    refuse_run_options(app);
  }
  CLI::App app;
  std::string dataset;
  std::uint32_t seed = 0;
};

TEST(Options, AClientRefusesWhatTheCoordinatorDecides) {
  Coordinator coordinator;
  const std::set<std::string> others = {"--help", "--version", "--dataset", "--test-fraction",
                                        "--seed", "--out",     "--json",    "--quiet"};
  int refused = 0;
  for (const CLI::Option* option : coordinator.app.get_options()) {
    const std::string flag = "--" + option->get_lnames().front();
    if (others.contains(flag)) continue;
    ++refused;
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{flag}, {flag, "1"}, {flag + "=1"}, {flag, "1", flag, "2"}}) {
      Client client;
      const Parsed parsed = parse(client.app, words);
      EXPECT_EQ(parsed.exit, kExitUsage) << flag;
      EXPECT_EQ(parsed.err, "psephos-test: " + flag +
                                ": the coordinator decides that; start psephos-coordinator with "
                                "it (try --help)\n");
    }
  }
  EXPECT_EQ(refused, 26);
}

TEST(Options, AClientKeepsItsOwnDatasetAndSeedAndHidesTheRest) {
  Client client;
  EXPECT_FALSE(parse(client.app, {"--dataset", "synthetic", "--seed", "7"}).exit);
  EXPECT_EQ(client.dataset, "synthetic");
  EXPECT_EQ(client.seed, 7u);

  Client asked;
  const Parsed help = parse(asked.app, {"--help"});
  EXPECT_EQ(help.exit, kExitSuccess);
  EXPECT_EQ(help.out.find("--lr"), std::string::npos) << help.out;
}

TEST(Options, ATestFractionLeavesSomethingOnBothSides) {
  for (const char* share : {"0", "0.95", "1", "-0.1", "nan", "half", ""}) {
    Coordinator program;
    const Parsed parsed = parse(program.app, {"--test-fraction", share});
    EXPECT_EQ(parsed.exit, kExitUsage) << share;
    EXPECT_NE(parsed.err.find("--test-fraction"), std::string::npos) << parsed.err;
  }
}

}  // namespace
}  // namespace psephos
