// psephos-simulate sweep as a person runs it: cut off and gone on with, twice at once, on a full
// disk, and the word that its best line keeps.

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/end_to_end/programs.h"

namespace psephos::end_to_end {
namespace {

class Sweep : public EndToEnd {
 protected:
  // Eighteen runs, short ones or some that take a while.
  Flags flags(const std::string& folder, int rounds = 60) const {
    return Flags{"sweep", "--grid", "lr=1e-4,3e-4,1e-3 beta=0.9,0.99", "--seeds", "3"} +
           words("--dataset synthetic --model softmax --jobs 2 --rounds") +
           Flags{std::to_string(rounds), "--out", path(folder).string()};
  }
  static constexpr int kLong = 500;

  std::vector<std::string> rows(const std::string& folder) const {
    return lines_of(read_text(path(folder) / "sweep.csv"));
  }
  // What does not depend on the pace: all but the column wall_s, in the order of the runs.
  std::vector<std::string> results(const std::string& folder, const char* file) const {
    std::vector<std::string> lines;
    const Csv table = read_csv(path(folder) / file);
    for (const auto& fields : table.rows) {
      std::string line;
      for (std::size_t i = 0; i < fields.size(); ++i) {
        if (table.columns[i] != "wall_s") line += fields[i] + ' ';
      }
      lines.push_back(line);
    }
    std::ranges::sort(lines);
    return lines;
  }

  void wait_for_rows(const Process& process, std::size_t count, const std::string& folder) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (rows(folder).size() < count + 1) {
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << "no rows: " << process.err();
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  void play_whole(const std::string& folder, int rounds) {
    Process process = start_simulate(flags(folder, rounds) + Flags{"--quiet"});
    ASSERT_EQ(process.wait(), 0) << process.err();
  }
  void expect_same(const std::string& folder, const std::string& other) {
    EXPECT_EQ(results(folder, "sweep.csv").size(), 18U);
    EXPECT_EQ(results(folder, "sweep.csv"), results(other, "sweep.csv"));
    EXPECT_EQ(results(folder, "test.csv").size(), 3U);
    EXPECT_EQ(results(folder, "test.csv"), results(other, "test.csv"));
  }
};

TEST_F(Sweep, FindsTheBestAndItsCommandKeepsTheWord) {
  Process process = start_simulate(flags("sweep") + Flags{"--json"});
  ASSERT_EQ(process.wait(), 0) << process.err();
  const nlohmann::json json = nlohmann::json::parse(process.out());
  EXPECT_EQ(json.at("runs"), 18);
  EXPECT_EQ(json.at("finished"), 18);
  EXPECT_EQ(json.at("best").at("lr"), "1e-3");
  EXPECT_NE(process.err().find("accuracy on the validation samples"), std::string::npos);

  std::istringstream command(json.at("command").get<std::string>());
  std::vector<std::string> line;
  for (std::string word; command >> word;) line.push_back(word);
  ASSERT_EQ(line.at(0), "psephos-simulate");
  Process best = start_simulate(Flags(line.begin() + 1, line.end()) + Flags{"--json"});
  ASSERT_EQ(best.wait(), 0) << best.err();
  const nlohmann::json run = nlohmann::json::parse(lines_of(best.out()).back());
  const Csv tests = read_csv(path("sweep") / "test.csv");
  std::size_t first_seed = 0;
  while (tests.at(first_seed, "seed") != "1") ++first_seed;
  EXPECT_EQ(tests.at(first_seed, "fingerprint"), run.at("fingerprint"));
  EXPECT_DOUBLE_EQ(std::stod(tests.at(first_seed, "test_accuracy")),
                   run.at("accuracy").get<double>());
}

TEST_F(Sweep, AfterCtrlCTheSameLineGoesOn) {
  play_whole("whole", kLong);
  Process process = start_simulate(flags("cut", kLong));
  wait_for_rows(process, 2, "cut");
  process.signal(SIGINT);
  EXPECT_EQ(process.wait(), 130);
  EXPECT_NE(process.err().find("; to go on: psephos-simulate sweep --grid 'lr="), std::string::npos)
      << process.err();
  EXPECT_EQ(process.out(), "");
  const std::size_t done = rows("cut").size() - 1;
  ASSERT_LT(done, 18U);

  Process again = start_simulate(flags("cut", kLong));
  EXPECT_EQ(again.wait(), 0) << again.err();
  EXPECT_NE(again.err().find(std::to_string(done) + " of them are done already"), std::string::npos)
      << again.err();
  expect_same("cut", "whole");
}

TEST_F(Sweep, AfterAKillOneTornLineAtMostIsLost) {
  play_whole("whole", kLong);
  Process process = start_simulate(flags("cut", kLong));
  wait_for_rows(process, 2, "cut");
  process.signal(SIGKILL);
  EXPECT_EQ(process.wait(), 128 + SIGKILL);
  const std::string table = read_text(path("cut") / "sweep.csv");
  std::ofstream(path("cut") / "sweep.csv", std::ios::app) << "1e-3,0.9,3,0.8";
  Process again = start_simulate(flags("cut", kLong));
  EXPECT_EQ(again.wait(), 0) << again.err();
  EXPECT_TRUE(read_text(path("cut") / "sweep.csv").starts_with(table.substr(0, table.rfind('\n'))));
  expect_same("cut", "whole");
}

TEST_F(Sweep, WithoutAFolderNamedTheSameLineFindsItsOwn) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(path(""));
  const Flags line =
      words("sweep --grid lr=1e-3,1e-2 --dataset synthetic --model softmax --rounds 9");
  Process first = start_simulate(line);
  EXPECT_EQ(first.wait(), 0) << first.err();
  Process again = start_simulate(line);
  EXPECT_EQ(again.wait(), 0) << again.err();
  Process other = start_simulate(line + words("--seed 2"));
  EXPECT_EQ(other.wait(), 0) << other.err();
  std::filesystem::current_path(before);
  EXPECT_NE(first.err().find(", into runs/sweep-lr-"), std::string::npos) << first.err();
  EXPECT_NE(again.err().find("2 of them are done already"), std::string::npos) << again.err();
  EXPECT_EQ(other.err().find("done already"), std::string::npos) << other.err();
  EXPECT_EQ(again.out(), first.out());
}

TEST_F(Sweep, TwoAtOnceInOneFolderAreRefused) {
  Process first = start_simulate(flags("sweep", 1'000'000));
  first.wait_for_err("run 0/18");
  Process second = start_simulate(flags("sweep", 1'000'000));
  EXPECT_EQ(second.wait(), 1);
  EXPECT_NE(second.err().find("a sweep is at work in "), std::string::npos) << second.err();
  first.signal(SIGINT);
  EXPECT_EQ(first.wait(), 130);
}

TEST_F(Sweep, AnotherSweepInTheSameFolderIsRefusedWithTheDifference) {
  play_whole("sweep", 5);
  Process other = start_simulate(flags("sweep", 6));
  EXPECT_EQ(other.wait(), 1);
  EXPECT_NE(other.err().find("holds another sweep: rounds was \"5\", now it is \"6\""),
            std::string::npos)
      << other.err();
}

TEST_F(Sweep, AFullDiskEndsItAndRoomLetsItGoOn) {
  play_whole("whole", 60);
  play_whole("full", 60);
  std::filesystem::remove(path("full") / "test.csv");
  const std::string header = rows("full")[0] + "\n";
  std::ofstream(path("full") / "sweep.csv") << header;
  // Room for a row or two; sweep.toml is there already.
  Process full = start_simulate(flags("full"), header.size() + 200);
  EXPECT_EQ(full.wait(), 1);
  EXPECT_NE(full.err().find("cannot write " + (path("full") / "sweep.csv").string()),
            std::string::npos)
      << full.err();
  EXPECT_TRUE(read_text(path("full") / "sweep.csv").ends_with("finished\n"));
  Process again = start_simulate(flags("full"));
  EXPECT_EQ(again.wait(), 0) << again.err();
  expect_same("full", "whole");
}

TEST_F(Sweep, WhereEveryCombinationFailsItFails) {
  Process process =
      start_simulate(Flags{"sweep", "--grid", "partition=shards:100000"} +
                     words("--dataset synthetic --model softmax --rounds 5 --json --out") +
                     Flags{path("sweep").string()});
  EXPECT_EQ(process.wait(), 1);
  EXPECT_NE(process.err().find("no combination came to its end with every seed: "),
            std::string::npos)
      << process.err();
  EXPECT_TRUE(nlohmann::json::parse(process.out()).at("best").is_null());
}

TEST_F(Sweep, MistakesAreUsageErrorsBeforeAnythingIsMade) {
  const auto check = [this](const Flags& more, const std::string& part) {
    Process process = start_simulate(Flags{"sweep"} + more + Flags{"--out", path("no").string()});
    EXPECT_EQ(process.wait(), 2) << part;
    EXPECT_NE(process.err().find(part), std::string::npos) << process.err();
    EXPECT_TRUE(process.err().starts_with("psephos-simulate sweep: ")) << process.err();
    EXPECT_FALSE(std::filesystem::exists(path("no")));
  };
  check({}, "--grid");
  check({"--grid", "lr=fast"}, "--grid: --lr: \"fast\" is not a number");
  check({"--grid", "rl=1"}, "rl is no setting that a sweep can vary");
  check({"--grid", "lr=1", "--seeds", "0"}, "--seeds");
  check({"--grid", "lr=1", "stray"}, "\"stray\" belongs to no option");
}

}  // namespace
}  // namespace psephos::end_to_end
