// --config and check-config of the three programs, and a run folder whose config.toml starts the
// same run again.

#include <fstream>

#include "tests/end_to_end/bad_input.h"

namespace psephos::end_to_end::config_file_test {
namespace {

namespace fs = std::filesystem;

const Flags kNowhere = {"--connect", "tcp://127.0.0.1:9"};

class ConfigFile : public BadInput {
 protected:
  // The path of a config file with this text.
  std::string config(const std::string& text, const std::string& name = "run.toml") const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name).string();
  }

  void expect_fine(Process process, const std::string& first_line, const std::string& words) {
    EXPECT_EQ(process.wait(), 0);
    EXPECT_EQ(process.err(), "");
    EXPECT_EQ(lines_of(process.out()).at(0), first_line);
    EXPECT_NE(process.out().find(words), std::string::npos)
        << "\"" << words << "\" is not in: " << process.out();
  }

  // A simulated run into path(folder).
  void run(const Flags& flags, const std::string& folder) {
    Process process = start_simulate(flags + Flags{"--quiet", "--out", path(folder).string()});
    ASSERT_EQ(process.wait(), 0) << process.err();
  }
};

// ---- what is refused ---------------------------------------------------------------------------

TEST_F(ConfigFile, EveryProgramRefusesMistakesByFileAndLine) {
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"sed = 1\n", ":1: there is no setting 'sed'; did you mean seed?"},
      {"seed = 1\n\nseed = 2\n", ":3: seed: is set in line 1 already"},
      {"[run]\nseed = 1\n", ":1: there is no section [run]"},
      {"seed = 1e99\n", ":1: --seed: \"1e99\" is not a whole number"},
      {"seed = 99999999999\n", ":1: --seed: \"99999999999\" is not a whole number"},
      {"seed = [1, 2]\n", ":1: seed: takes one value, not a list"},
      {"seed = 1, 2\n", ":1: seed: takes one value, not a list"},
      {"dataset = synthetic\n", ":1: dataset: synthetic is no number like 10 or 1e-3; a word"},
      {"dataset = \"mnist\"\n", ":1: --dataset mnist: unknown"},
      {"quiet = true\n", ":1: quiet: is not for a file to set; give --quiet"},
      {"config = \"other.toml\"\n", ":1: config: is not for a file to set"},
      {"seed\n", ":1: 'seed' is no setting like"},
      {std::string("\x7f") + "ELF\x02\x01", ":1: holds a byte that no text has (0x7f)"},
  };
  for (const auto& [text, sentence] : texts) {
    const std::string file = config(text);
    simulate({"--config", file}, kUsage, file + sentence);
    coordinate({"--config", file}, kUsage, file + sentence);
    take_part(kNowhere + Flags{"--config", file}, kUsage, file + sentence);
  }
  const std::string large = config(std::string((1 << 20) + 1, '#'));
  simulate({"--config", large}, kUsage, large + ": 1.0 MB is more than a config file may have");
  for (const std::string& file : {path("nowhere.toml").string(), path("logs").string()}) {
    simulate({"--config", file}, kFailure, "--config " + file);
    coordinate({"--config", file}, kFailure, "--config " + file);
    take_part(kNowhere + Flags{"--config", file}, kFailure, "--config " + file);
  }
}

TEST_F(ConfigFile, AnErrorThatIsFoundLaterStillNamesTheLine) {
  const std::string file = config("clients = 5\nschedule = \"weekly\"\n");
  simulate({"--config", file}, kUsage, file + ":2: --schedule: ");
  // The flag's fault is not the file's.
  simulate({"--config", file, "--schedule", "monthly"}, kUsage, "psephos-simulate: --schedule: ");
  simulate({"--config", config("min-voters = 11\n")}, kUsage, file + ":1: --min-voters");
  coordinate({"--config", config("rounds = 0\n")}, kUsage, file + ":1: --rounds 0");
  take_part(kNowhere + Flags{"--config", config("part = \"4/3\"\n")}, kUsage, file + ":1: --part");
}

TEST_F(ConfigFile, AHyperparameterIsNotForAClientsFile) {
  for (const char* line : {"lr = 0.1", "rounds = 5", "model = \"softmax\"", "client-eval = true"}) {
    const std::string file = config(line);
    take_part(kNowhere + Flags{"--config", file}, kUsage, "the coordinator decides that");
    take_part(kNowhere + Flags{"--config", file}, kUsage, file + ":1: --");
  }
}

TEST_F(ConfigFile, WhereResultsGoIsForTheCommandLine) {
  simulate({"--config", config("out = \"x\"\n")}, kUsage, "give --out on the command line");
  coordinate({"--config", config("endpoint-file = \"x\"\n")}, kUsage, "give --endpoint-file on");
  take_part(kNowhere + Flags{"--config", config("save = \"x\"\n")}, kUsage, "give --save on");
}

// ---- check-config ------------------------------------------------------------------------------

TEST_F(ConfigFile, CheckConfigSaysWhatWouldRunAndTouchesNothing) {
  // Data that is not there: it isn't looked for.
  const std::string file =
      config("dataset = \"idx:/nowhere\"\nmodel = \"mlp:32\"\nrounds = 40\nmin-voters = 3\n");
  const auto before = things();
  expect_fine(start_simulate({"check-config", file}), file + ": ok", "mlp:32 on idx:/nowhere, 40");
  expect_fine(start_simulate({"check-config", file, "--clients", "7", "--rounds", "9"}),
              file + ": ok", "7 clients");
  expect_fine(start_coordinator({"check-config", file}), file + ": ok",
              "the first round waits for 3 clients");
  const std::string device = config("dataset = \"idx:/nowhere\"\nname = \"kitchen\"\n", "d.toml");
  expect_fine(start_client(Flags{"check-config", device} + kNowhere), device + ": ok",
              "kitchen would take part at tcp://127.0.0.1:9 with idx:/nowhere");
  auto after = things();
  after.erase("d.toml");
  EXPECT_EQ(after, before);
}

TEST_F(ConfigFile, CheckConfigRefusesWhatAStartWouldRefuse) {
  const std::string file = config("bta = 0.5\n");
  const auto before = things();
  const std::string sentence = file + ":1: there is no setting 'bta'; did you mean beta?";
  expect_refusal(start_simulate({"check-config", file}), kUsage, sentence, before);
  expect_refusal(start_coordinator({"check-config", file}), kUsage, sentence, before);
  config("beta = 2\n");
  expect_refusal(start_simulate({"check-config", file}), kUsage, file + ":1: --beta", before);
  expect_refusal(start_coordinator({"check-config", file}), kUsage, file + ":1: --beta", before);
  expect_refusal(start_client({"check-config", file}), kUsage, "the coordinator decides", before);
  config("name = \"two words\"\n");
  expect_refusal(start_client(Flags{"check-config", file} + kNowhere), kUsage, file + ":1: --name",
                 before);
  expect_refusal(start_client({"check-config", file}), kUsage, "--connect", before);
  expect_refusal(start_simulate({"check-config"}), kUsage, "FILE", before);
  expect_refusal(start_simulate({"check-config", path("nowhere").string()}), kFailure,
                 "no such file", before);
}

TEST_F(ConfigFile, HelpTellsOfConfigFiles) {
  std::vector<Process> helps;
  helps.push_back(start_simulate({"--help"}));
  helps.push_back(start_coordinator({"--help"}));
  helps.push_back(start_client({"--help"}));
  for (Process& help : helps) {
    EXPECT_EQ(help.wait(), 0);
    for (const char* word : {"--config FILE", "check-config "}) {
      EXPECT_NE(help.out().find(word), std::string::npos) << help.out();
    }
  }
  Process check = start_simulate({"check-config", "--help"});
  EXPECT_EQ(check.wait(), 0);
  EXPECT_NE(check.out().find("psephos-simulate check-config run.toml"), std::string::npos)
      << check.out();
}

// ---- the same run again ------------------------------------------------------------------------

constexpr const char* kUnusual =
    "--dataset synthetic --model mlp:16 --clients 6 --partition shards:2 --byzantine 2 "
    "--attack collude --ballot threshold:0.5 --decision quorum:0.1 --schedule step:20,30 "
    "--lr .003 --weight-decay 0.01 --local-steps 2 --local-lr 0.05 --fraction 0.5 --staleness 1 "
    "--eval-every 7 --client-eval --normalisation 0.01:-0.5 --rounds 40 --seed 11";

TEST_F(ConfigFile, ARunFolderStartsTheSameRunAgain) {
  for (const char* transport : {"memory", "tcp"}) {
    SCOPED_TRACE(transport);
    const std::string first = std::string("first-") + transport;
    const std::string second = std::string("second-") + transport;
    ASSERT_NO_FATAL_FAILURE(
        run(words(kUnusual) + Flags{"--transport", transport, "--threads", "1"}, first));
    const std::string file = (path(first) / "config.toml").string();
    ASSERT_NO_FATAL_FAILURE(run({"--config", file, "--threads", "2"}, second));
    EXPECT_EQ(summary(second).at("fingerprint"), summary(first).at("fingerprint"));
    EXPECT_EQ(summary(second).at("rounds"), 40);
    EXPECT_TRUE(read_text(path(second) / "parameters.npy") ==
                read_text(path(first) / "parameters.npy"));
    EXPECT_EQ(read_text(path(second) / "config.toml"), read_text(path(first) / "config.toml"));
  }
}

TEST_F(ConfigFile, ARunOnBadLinksIsTheSameAgain) {
  ASSERT_NO_FATAL_FAILURE(
      run(words("--dataset synthetic --model softmax --clients 8 --rounds 30 --drop 0.1 "
                "--latency 40:2 --compute 20:1.5 --slow 0.25:8 --deadline-ms 300 --seed 3"),
          "first"));
  ASSERT_NO_FATAL_FAILURE(run({"--config", (path("first") / "config.toml").string()}, "second"));
  EXPECT_EQ(summary("second").at("fingerprint"), summary("first").at("fingerprint"));
  EXPECT_EQ(summary("second").at("ballots_counted"), summary("first").at("ballots_counted"));
  EXPECT_EQ(summary("second").at("virtual_s"), summary("first").at("virtual_s"));
}

TEST_F(ConfigFile, AFlagBesideTheFileOverridesIt) {
  ASSERT_NO_FATAL_FAILURE(run(words("--dataset synthetic --model softmax --rounds 12"), "first"));
  const std::string file = (path("first") / "config.toml").string();
  ASSERT_NO_FATAL_FAILURE(run({"--rounds", "5", "--config", file}, "second"));
  EXPECT_EQ(summary("second").at("rounds"), 5);
  EXPECT_EQ(summary("second").at("d"), summary("first").at("d"));
  EXPECT_NE(read_text(path("second") / "config.toml").find("\nrounds=5\n"), std::string::npos);
}

TEST_F(ConfigFile, ACoordinatorLeadsTheSameRunAgain) {
  constexpr int kParts = 3;
  const auto lead_and_hold = [this](const Flags& flags, const std::string& folder) {
    Process coordinator = lead(flags, folder);
    std::vector<Process> members;
    for (int part = 1; part <= kParts; ++part) {
      members.push_back(join(
          part, kParts, words("--dataset synthetic --partition dirichlet:0.5 --seed 5 --quiet")));
    }
    for (Process& member : members) ASSERT_EQ(member.wait(), 0) << member.err();
    ASSERT_EQ(coordinator.wait(), 0) << coordinator.err();
  };
  ASSERT_NO_FATAL_FAILURE(lead_and_hold(
      words("--dataset synthetic --model mlp:24,12 --min-voters 3 --partition dirichlet:0.5 "
            "--parts 3 --downlink binary --weight-decay 0.5 --schedule sqrt --rounds 30 --seed 5"),
      "first"));
  const std::string file = (path("first") / "config.toml").string();
  const std::string text = read_text(file);
  for (const char* absent : {"endpoint-file", "\nout=", "quiet", "json"}) {
    EXPECT_EQ(text.find(absent), std::string::npos) << absent;
  }
  ASSERT_NO_FATAL_FAILURE(lead_and_hold({"--config", file}, "second"));
  EXPECT_EQ(summary("second").at("fingerprint"), summary("first").at("fingerprint"));
  EXPECT_EQ(summary("second").at("rounds"), 30);
}

TEST_F(ConfigFile, ASweepStartsFromARunsFile) {
  // How it was played means nothing to a sweep.
  ASSERT_NO_FATAL_FAILURE(
      run(words("--dataset synthetic --model softmax --clients 4 --rounds 12 --client-eval "
                "--transport tcp"),
          "run"));
  const std::string file = (path("run") / "config.toml").string();
  Process sweep = start_simulate({"sweep", "--config", file, "--grid", "lr=1e-2,1e-3", "--out",
                                  path("sweep").string(), "--quiet", "--json"});
  ASSERT_EQ(sweep.wait(), 0) << sweep.err();
  const auto result = nlohmann::json::parse(sweep.out());
  EXPECT_EQ(result.at("finished"), 2);
  // The line of the best needs no file.
  EXPECT_EQ(result.at("command"),
            "psephos-simulate --clients 4 --dataset synthetic --model softmax "
            "--rounds 12 --lr " +
                result.at("best").at("lr").get<std::string>() + " --seed 1");
  const auto before = things();
  expect_refusal(start_simulate({"sweep", "--config", file, "--transport", "tcp", "--grid",
                                 "lr=1e-2,1e-3", "--out", path("other").string()}),
                 kUsage, "--transport: a sweep runs in memory", before);
}

TEST_F(ConfigFile, ARunsFileWithAnotherNumberOfClientsWaitsForThemAll) {
  ASSERT_NO_FATAL_FAILURE(
      run(words("--dataset synthetic --model softmax --clients 4 --rounds 5"), "few"));
  ASSERT_NO_FATAL_FAILURE(
      run({"--config", (path("few") / "config.toml").string(), "--clients", "9"}, "more"));
  EXPECT_EQ(summary("more").at("ballots_counted"), 45);
}

// ---- TOML --------------------------------------------------------------------------------------

TEST_F(ConfigFile, WhatARunFolderHoldsIsTomlToOthers) {
  const std::string kPython = "/usr/bin/python3";
  if (!fs::exists(kPython)) GTEST_SKIP() << kPython << " is not installed";
  ASSERT_NO_FATAL_FAILURE(run(words(kUnusual) + Flags{"--threads", "1"}, "run"));
  constexpr const char* kRead = R"(
import json, sys
try:
    import tomllib
except ImportError:
    sys.exit(77)
print(json.dumps(tomllib.load(open(sys.argv[1], "rb"))))
)";
  Process python({kPython, "-c", kRead, (path("run") / "config.toml").string()},
                 path("logs") / "python");
  const int status = python.wait();
  if (status == 77) GTEST_SKIP() << kPython << " has no tomllib (3.11 has)";
  ASSERT_EQ(status, 0) << python.err();
  const auto read = nlohmann::json::parse(python.out());
  EXPECT_EQ(read.at("partition"), "shards:2");
  EXPECT_EQ(read.at("byzantine"), 2);
  EXPECT_EQ(read.at("ballot"), "threshold:0.5");
  EXPECT_EQ(read.at("weight-decay"), 0.01);
  EXPECT_EQ(read.at("client-eval"), true);
  EXPECT_FALSE(read.contains("threads"));
}

}  // namespace
}  // namespace psephos::end_to_end::config_file_test
