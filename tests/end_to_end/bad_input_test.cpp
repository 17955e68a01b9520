// Bad words, numbers and files.

#include "tests/end_to_end/bad_input.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <vector>

namespace psephos::end_to_end {
namespace {

namespace fs = std::filesystem;

const Flags kNowhere = {"--connect", "tcp://127.0.0.1:9"};

// ---- words and numbers -------------------------------------------------------------------------

TEST_F(BadInput, UnknownWordsAreNamed) {
  simulate({"--dataset", "mnist"}, kUsage, "known are fashion-mnist, synthetic, idx:DIR");
  simulate(kSynthetic + Flags{"--model", "resnet"}, kUsage, "known are softmax, mlp:WIDTH");
  simulate(kSynthetic + Flags{"--partition", "fair"}, kUsage, "known are iid, shards:K");
  for (const char* flag : {"--algorithm", "--ballot", "--decision", "--downlink", "--schedule",
                           "--audience", "--local-steps", "--normalisation", "--attack",
                           "--latency", "--compute", "--slow", "--transport"}) {
    simulate(kSynthetic + Flags{flag, "nonsense"}, kUsage, "nonsense");
  }
  coordinate({"--dataset", "mnist"}, kUsage, "--dataset mnist: unknown");
  coordinate(kSynthetic + Flags{"--partition", "fair", "--parts", "3"}, kUsage,
             "--partition: unknown partition 'fair'");
  coordinate(kSynthetic + Flags{"--bind", "here"}, kUsage, "--bind");
  take_part(kNowhere + Flags{"--dataset", "mnist"}, kUsage, "--dataset mnist: unknown");
  take_part(kNowhere + kSynthetic + Flags{"--partition", "fair"}, kUsage,
            "--partition: unknown partition 'fair'");
  take_part(kSynthetic + Flags{"--connect", "there"}, kUsage, "--connect");
  take_part(kSynthetic, kUsage, "--connect");
  take_part(kNowhere + kSynthetic + Flags{"--run", "today"}, kUsage, "--run 'today'");
  take_part(kNowhere + kSynthetic + Flags{"--name", "two words"}, kUsage, "--name");
  for (const char* part : {"0/3", "4/3", "3", "1/0", "-1/3", "1/3x", "1/99999999999"}) {
    take_part(kNowhere + kSynthetic + Flags{"--seed", "1", "--part", part}, kUsage, part);
  }
  take_part(kNowhere + kSynthetic + Flags{"--partition", "shards:2"}, kUsage, "--part I/N");
  take_part(kNowhere + kSynthetic + Flags{"--seed", "1", "--part", "1/7000"}, kUsage, "7000");
}

// The flags that --help lists as numbers.
std::vector<std::string> number_flags(const std::string& help) {
  const std::set<std::string> kTypes = {"N", "MS", "L", "RATE", "B", "SHARE", "P"};
  std::vector<std::string> flags;
  for (const std::string& line : lines_of(help)) {
    std::istringstream stream(line);
    std::string flag;
    std::string type;
    stream >> flag >> type;
    if (flag.starts_with("--") && kTypes.contains(type.substr(0, type.find('=')))) {
      flags.push_back(flag);
    }
  }
  return flags;
}

constexpr const char* kAbsurd[] = {"-1",  "nan", "1e999", "0x10", "99999999999999999999999",
                                   "ten", ""};

TEST_F(BadInput, AbsurdNumbersAreRefusedByEveryFlagOfTheSimulator) {
  Process help = start_simulate({"--help"});
  help.wait();
  const std::vector<std::string> flags = number_flags(help.out());
  EXPECT_GE(flags.size(), 17U);
  for (const std::string& flag : flags) {
    if (flag == "--local-steps") continue;  // a word as well: among those above
    for (const char* value : kAbsurd) simulate(kSynthetic + Flags{flag, value}, kUsage, flag);
  }
}

TEST_F(BadInput, AbsurdNumbersAreRefusedByEveryFlagOfTheCoordinator) {
  Process help = start_coordinator({"--help"});
  help.wait();
  const std::vector<std::string> flags = number_flags(help.out());
  EXPECT_GE(flags.size(), 17U);
  for (const std::string& flag : flags) {
    if (flag == "--local-steps") continue;
    for (const char* value : kAbsurd) coordinate(kSynthetic + Flags{flag, value}, kUsage, flag);
  }
}

TEST_F(BadInput, AbsurdNumbersAreRefusedByEveryFlagOfTheClient) {
  Process help = start_client({"--help"});
  help.wait();
  const std::vector<std::string> flags = number_flags(help.out());
  EXPECT_EQ(flags.size(), 3U);
  for (const std::string& flag : flags) {
    for (const char* value : kAbsurd) {
      take_part(kNowhere + kSynthetic + Flags{flag, value}, kUsage, flag);
    }
  }
  const Flags kept = {"--state", path("a.state").string()};
  for (const char* value : kAbsurd) {
    take_part(kNowhere + kSynthetic + kept + Flags{"--state-every", value}, kUsage,
              "--state-every");
  }
}

TEST_F(BadInput, NumbersThatMakeNoSenseAreRefused) {
  for (const char* flags : {"--rounds 0",
                            "--batch 0",
                            "--batch 65537",
                            "--lr 0",
                            "--lr 1e30",
                            "--beta 1",
                            "--local-lr 0",
                            "--local-steps 0",
                            "--local-steps -1",
                            "--fraction 0",
                            "--fraction 1.01",
                            "--deadline-ms 0",
                            "--heartbeat-ms 0",
                            "--max-clients 0",
                            "--clients 0",
                            "--threads 0",
                            "--staleness 65",
                            "--weight-decay 1000",
                            "--drop 1.5",
                            "--model mlp:0",
                            "--model mlp:128,,64",
                            "--model mlp:60000,60000",
                            "--ballot threshold:-1",
                            "--decision quorum:0",
                            "--decision quorum:2",
                            "--schedule step:200,100",
                            "--partition shards:0",
                            "--partition dirichlet:0",
                            "--clients 7000",
                            "--min-voters 11",
                            "--min-clients 11",
                            "--target-voters 100000",
                            "--byzantine 11",
                            "--latency -1",
                            "--slow 2:1",
                            "--normalisation 0:0",
                            "--rounds 60 --rounds 70",
                            "--rounds"}) {
    const Flags given = words(flags);
    simulate(kSynthetic + given, kUsage, given.front());
  }
  coordinate(kSynthetic + words("--parts 0 --partition iid"), kUsage, "--parts");
  coordinate(kSynthetic + words("--parts 3"), kUsage, "--partition and --parts go together");
  coordinate(kSynthetic + words("--parts 7000 --partition iid"), kUsage, "7000");
  coordinate(kSynthetic + words("--min-voters 20000"), kUsage, "--max-clients");
}

TEST_F(BadInput, WhatCannotGoTogetherIsRefused) {
  simulate(kSynthetic + words("--downlink binary --decision quorum:0.1"), kUsage,
           "use --downlink ternary");
  simulate(kSynthetic + words("--downlink binary --ballot threshold:0.5"), kUsage,
           "use --downlink ternary");
  simulate(kSynthetic + words("--downlink binary --byzantine 1 --attack abstain"), kUsage,
           "--downlink ternary");
  for (const char* flags : {"--drop 0.1", "--latency 5", "--compute 5:2", "--slow 0.1:3"}) {
    simulate(kSynthetic + words("--transport tcp") + words(flags), kUsage,
             "use --transport memory");
  }
  coordinate(kSynthetic + words("--bind tcp://0.0.0.0:0"), kUsage, "--insecure");
  coordinate(kSynthetic + words("--bind tcp://*:0"), kUsage, "--insecure");
  take_part(kSynthetic + words("--connect tcp://192.0.2.1:5580"), kUsage, "--insecure");
  simulate(kSynthetic + words("--frobnicate 3"), kUsage, "there is no option --frobnicate");
  simulate(kSynthetic + words("frobnicate"), kUsage, "belongs to no option");
}

TEST_F(BadInput, AHyperparameterIsNotTheClientsToChoose) {
  for (const char* flags :
       {"--lr 0.1", "--rounds 5", "--model softmax", "--algorithm signsgd", "--ballot sign",
        "--batch 8", "--schedule cosine", "--decision majority", "--beta 0.5", "--local-steps 2",
        "--weight-decay 0", "--min-voters 2", "--deadline-ms 100", "--client-eval"}) {
    take_part(kNowhere + kSynthetic + words(flags), kUsage, "the coordinator decides that");
  }
}

// ---- files -------------------------------------------------------------------------------------

TEST_F(BadInput, DataThatIsDamagedOrMislabelledIsNotTrainedOn) {
  simulate({"--dataset", "idx:" + path("nowhere").string()}, kFailure, "no such folder");
  const fs::path folder = idx_folder("images", 100, 8, 10);
  const Flags dataset = {"--dataset", "idx:" + folder.string()};
  const fs::path images = folder / "train-images-idx3-ubyte";
  const fs::path labels = folder / "train-labels-idx1-ubyte";
  const FileBytes good_images = read_file(images);
  const FileBytes good_labels = read_file(labels);

  write_file(images, FileBytes(good_images.begin(), good_images.end() - 5));
  simulate(dataset, kFailure, images.string());
  coordinate(dataset, kFailure, images.string());
  take_part(kNowhere + dataset, kFailure, images.string());

  write_file(images, good_labels);  // labels under the images' name
  simulate(dataset, kFailure, images.string());

  write_file(images, good_images);
  write_file(labels, idx_labels(FileBytes(99)));
  simulate(dataset, kFailure, "99 labels");

  write_file(labels, good_labels);
  write_file(folder / "t10k-labels-idx1-ubyte", idx_labels(FileBytes(100, 10)));
  simulate(dataset, kFailure, "beyond the model's classes");

  fs::remove(labels);
  simulate(dataset, kFailure, "train-labels-idx1-ubyte");
}

TEST_F(BadInput, AnExistingRunIsNotOverwritten) {
  const Flags out = {"--out", path("run").string()};
  Process first = start_simulate(kSynthetic + words("--model softmax --rounds 5") + out);
  ASSERT_EQ(first.wait(), 0) << first.err();
  const std::string before = read_text(path("run") / "config.toml");
  simulate(kSynthetic + words("--seed 9"), kFailure, "already holds a run");
  coordinate(kSynthetic + words("--bind tcp://127.0.0.1:0 --seed 9"), kFailure,
             "already holds a run");
  EXPECT_EQ(read_text(path("run") / "config.toml"), before);
  std::ofstream(path("file")) << "x";
  const auto things_before = things();
  expect_refusal(start_simulate(kSynthetic + Flags{"--out", (path("file") / "run").string()}),
                 kFailure, "--out", things_before);
}

TEST_F(BadInput, AFullDiskIsSaidAndLeavesNoHalfOfAFile) {
  // Writing stops in the middle of metrics.csv, and of parameters.npy.
  Process simulation = start_simulate(
      kSynthetic + words("--model softmax --rounds 600 --out") + Flags{path("run").string()},
      20'000);
  EXPECT_EQ(simulation.wait(), kFailure);
  EXPECT_NE(simulation.err().find("metrics.csv"), std::string::npos) << simulation.err();
  EXPECT_FALSE(fs::exists(path("run") / "summary.json"));

  Process large = start_simulate(
      kSynthetic + words("--model mlp:128 --rounds 2 --out") + Flags{path("large").string()},
      20'000);
  EXPECT_EQ(large.wait(), kFailure);
  EXPECT_NE(large.err().find("parameters.npy"), std::string::npos) << large.err();
  for (const char* name : {"summary.json", "parameters.npy", "parameters.npy.tmp"}) {
    EXPECT_FALSE(fs::exists(path("large") / name)) << name;
  }

  Process coordinator = lead(kSynthetic + words("--model mlp:128 --rounds 5"), "led");
  Process client = start_client(
      kSynthetic + Flags{"--connect", endpoint(), "--save", path("final.npy").string(), "--quiet"},
      20'000);
  EXPECT_EQ(client.wait(), kFailure);
  EXPECT_NE(client.err().find("--save: cannot write"), std::string::npos) << client.err();
  EXPECT_FALSE(fs::exists(path("final.npy")));
  EXPECT_FALSE(fs::exists(path("final.npy.tmp")));
  EXPECT_EQ(coordinator.wait(), 0);
}

TEST_F(BadInput, ADeviceIsNotReplacedByAFile) {
  Process coordinator = lead(kSynthetic + words("--model softmax --rounds 5"));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  Process client = start_client(
      kSynthetic + Flags{"--connect", endpoint(), "--save", path("pipe").string(), "--quiet"});
  EXPECT_EQ(client.wait(), kFailure);
  EXPECT_NE(client.err().find("not an ordinary file"), std::string::npos) << client.err();
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
}

}  // namespace
}  // namespace psephos::end_to_end
