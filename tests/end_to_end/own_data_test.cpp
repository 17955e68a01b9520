// Data of a stranger: tables and arrays of their own, with every program.

#include <fstream>

#include "tests/end_to_end/programs.h"

namespace psephos::end_to_end {
namespace {

constexpr int kExitUsage = 2;
constexpr int kExitFailure = 1;

// A tool that a machine may lack.
constexpr const char* kPython = "/usr/bin/python3";
constexpr double kDigitsAccuracy = 0.93;

class OwnData : public EndToEnd {
 protected:
  // 300 samples of four classes; the class shows in two of three columns.
  std::string table(bool whole_numbers = true) {
    std::string text = "height,width,noise,kind\n";
    for (int i = 0; i < 300; ++i) {
      const int kind = i / 75;
      const int noise = i * 37 % 23;
      text += std::to_string(60 + 120 * (kind % 2) + noise) + "," +
              std::to_string(60 + 120 * (kind / 2) + i * 11 % 19) + "," + std::to_string(noise) +
              (whole_numbers ? "," : ".5,") + std::to_string(kind) + "\n";
    }
    std::ofstream(path("table.csv")) << text;
    return "csv:" + path("table.csv").string() + ":kind";
  }

  std::string simulate(const Flags& flags) {
    Process process = start_simulate(flags);
    EXPECT_EQ(process.wait(), 0) << process.err();
    return process.out();
  }

  void expect_error(const Flags& flags, int status, const std::string& text) {
    Process process = start_simulate(flags);
    EXPECT_EQ(process.wait(), status);
    EXPECT_NE(process.err().find(text), std::string::npos) << process.err();
  }

  // What the documented command reaches on scikit-learn's digits.
  void expect_digits_learnt(const std::string& dataset, const std::string& model) {
    const std::string out =
        simulate(words("--dataset " + dataset + " --model " + model +
                       " --normalisation 0.0625:0 --lr 1e-2 --schedule cosine --json"));
    const auto summary = nlohmann::json::parse(lines_of(out).back());
    EXPECT_GE(summary.at("accuracy").get<double>(), kDigitsAccuracy) << dataset << ", " << model;
    EXPECT_EQ(summary.at("rounds"), 600);
  }
};

TEST_F(OwnData, ScikitLearnsDigitsAreLearntFromEitherFormat) {
  Process exporting(
      {kPython, PSEPHOS_SOURCE_DIR "/tests/end_to_end/export_digits.py", path("").string()},
      path("export"));
  ASSERT_EQ(exporting.wait(), 0) << "it needs Debian's package python3-sklearn: "
                                 << exporting.err();
  const std::string csv = "csv:" + path("digits.csv").string() + ":digit";
  const std::string npy = "npy:" + path("images.npy").string() + "," + path("labels.npy").string();
  for (const char* model : {"softmax", "mlp:32"}) {
    expect_digits_learnt(csv, model);
    expect_digits_learnt(npy, model);
  }
  // Bytes in memory or floats: the same numbers, so the same run.
  const Flags settings = words("--normalisation 0.0625:0 --model softmax --rounds 20");
  EXPECT_EQ(fingerprint_in(simulate(Flags{"--dataset", csv} + settings)),
            fingerprint_in(simulate(Flags{"--dataset", npy} + settings)));
}

// Also that clients with --part hold back the same test samples: the coordinator refuses others.
TEST_F(OwnData, ProcessesAndSimulatorAgreeToTheBit) {
  for (const bool whole_numbers : {true, false}) {
    const Flags data{"--dataset", table(whole_numbers)};
    const Flags settings = data + words("--model mlp:8 --rounds 30 --batch 16");
    const std::string expected =
        fingerprint_in(simulate(settings + words("--clients 3 --partition shards:2")));
    ASSERT_EQ(expected.size(), 16u);

    const std::string folder = whole_numbers ? "bytes" : "floats";
    Process coordinator =
        lead(settings + words("--min-voters 3 --partition shards:2 --parts 3"), folder);
    std::vector<Process> clients;
    for (int part = 1; part <= 3; ++part) {
      clients.push_back(join(part, 3, data + words("--partition shards:2")));
    }
    for (Process& client : clients) {
      EXPECT_EQ(client.wait(), 0) << client.err();
      EXPECT_EQ(fingerprint_in(client.out()), expected);
    }
    EXPECT_EQ(coordinator.wait(), 0) << coordinator.err();
  }
}

TEST_F(OwnData, TheTestFractionIsEverybodysOrNobodys) {
  const Flags data{"--dataset", table()};
  const Flags settings = data + words("--model softmax --rounds 10 --test-fraction 0.5");
  const std::string half = simulate(settings + words("--clients 2"));
  const std::string fifth = simulate(data + words("--model softmax --rounds 10 --clients 2"));
  EXPECT_NE(fingerprint_in(half), fingerprint_in(fifth));

  Process coordinator = lead(settings + words("--min-voters 2 --partition iid --parts 2"));
  Process stranger = join(1, 2, data);
  EXPECT_EQ(stranger.wait(), 1);
  EXPECT_NE(stranger.err().find("partition"), std::string::npos) << stranger.err();
  Process first = join(1, 2, data + words("--test-fraction 0.5"));
  Process second = join(2, 2, data + words("--test-fraction 0.5"));
  EXPECT_EQ(first.wait(), 0) << first.err();
  EXPECT_EQ(second.wait(), 0) << second.err();
  EXPECT_EQ(fingerprint_in(first.out()), fingerprint_in(half));
  EXPECT_EQ(coordinator.wait(), 0);
}

TEST_F(OwnData, AClientOfItsOwnTrainsOnAllItHas) {
  const Flags data{"--dataset", table()};
  Process coordinator = lead(data + words("--model softmax --rounds 5"));
  Process client = start_client(data + Flags{"--connect", endpoint(), "--name", "alone"});
  EXPECT_EQ(client.wait(), 0) << client.err();
  EXPECT_NE(client.err().find("alone: 300 samples of csv:"), std::string::npos) << client.err();
  EXPECT_EQ(coordinator.wait(), 0);
}

TEST_F(OwnData, TheRunFolderSaysWhatWasHeldBack) {
  const Flags data{"--dataset", table()};
  simulate(data + Flags{"--rounds", "5", "--model", "softmax", "--out", path("run").string()});
  EXPECT_NE(read_text(path("run") / "config.toml").find("test-fraction=0.2"), std::string::npos);
  simulate(words("--dataset synthetic --rounds 5 --model softmax --out") +
           Flags{path("made-up").string()});
  EXPECT_EQ(read_text(path("made-up") / "config.toml").find("\ntest-fraction="), std::string::npos);
}

TEST_F(OwnData, ASweepChoosesByValidationSamplesOfIt) {
  const std::string out = simulate(Flags{"sweep", "--grid", "lr=1e-4,3e-2", "--dataset", table(),
                                         "--out", path("sweep").string(), "--json"} +
                                   words("--model softmax --rounds 300 --schedule cosine --quiet"));
  const auto result = nlohmann::json::parse(lines_of(out).back());
  EXPECT_EQ(result.at("best").at("lr"), "3e-2");
  EXPECT_EQ(result.at("test_samples"), 60);
  EXPECT_GT(result.at("test_accuracy").get<double>(), 0.9);
}

TEST_F(OwnData, AForgottenScaleIsPointedOut) {
  std::ofstream(path("small.csv")) << "0.1,0\n0.2,1\n0.3,0\n0.4,1\n";
  const Flags flags = Flags{"--dataset", "csv:" + path("small.csv").string() + ":2"} +
                      words("--model softmax --rounds 2 --clients 1");
  Process forgotten = start_simulate(flags);
  EXPECT_EQ(forgotten.wait(), 0) << forgotten.err();
  EXPECT_NE(forgotten.err().find("consider --normalisation"), std::string::npos);
  Process given = start_simulate(flags + words("--normalisation 1:0"));
  EXPECT_EQ(given.wait(), 0);
  EXPECT_EQ(given.err().find("consider --normalisation"), std::string::npos) << given.err();
}

TEST_F(OwnData, BadWordsAreUsageErrorsAndBadFilesFailures) {
  expect_error({"--dataset", "npy:only-one.npy"}, kExitUsage, "give two files with a comma");
  expect_error({"--dataset", "csv:table.csv"}, kExitUsage, "its column of labels");
  expect_error(words("--dataset synthetic --test-fraction 0.2"), kExitUsage,
               "--test-fraction: synthetic brings a test set of its own");
  expect_error({"--dataset", table(), "--test-fraction", "0"}, kExitUsage, "--test-fraction");
  expect_error({"--dataset", "csv:/no/such/file.csv:1"}, kExitFailure,
               "/no/such/file.csv: no such file");
  expect_error({"--dataset", table() + "ness"}, kExitFailure,
               "no column has the name kindness; there are height, width, noise, kind");
  std::ofstream(path("x.npy")) << "no array";
  expect_error({"--dataset", "npy:" + path("x.npy").string() + "," + path("x.npy").string()},
               kExitFailure, "is not a .npy file");
}

}  // namespace
}  // namespace psephos::end_to_end
