// The pictures of a run and of a comparison, with the real gnuplot, without one, and with one that
// misbehaves; and psephos-simulate compare on folders in every state.

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "tests/end_to_end/programs.h"

namespace psephos::end_to_end {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPictures[] = {"accuracy.svg", "loss.svg", "traffic.svg", "voters.svg"};
constexpr const char* kComparison[] = {"compare-accuracy.svg", "compare-loss.svg",
                                       "compare-traffic.svg", "compare-accuracy-by-traffic.svg"};

class Pictures : public EndToEnd {
 protected:
  Pictures() {
    if (const char* path = std::getenv("PATH")) path_ = path;
  }
  ~Pictures() override { ::setenv("PATH", path_.c_str(), 1); }

  // From now on programs are started with this PATH, or with `script` as their gnuplot.
  void without_gnuplot() { ::setenv("PATH", path("nothing").c_str(), 1); }
  void with_gnuplot(const std::string& script) {
    fs::create_directories(path("bin"));
    std::ofstream(path("bin") / "gnuplot") << "#!/bin/sh\n" << script;
    fs::permissions(path("bin") / "gnuplot", fs::perms::owner_all);
    ::setenv("PATH", (path("bin").string() + ":" + path_).c_str(), 1);
  }

  Process simulate(const std::string& folder, const std::string& flags = "--rounds 40") {
    return start_simulate(words("--dataset synthetic --model softmax --clients 2 " + flags) +
                          Flags{"--out", path(folder).string()});
  }
  void make_run(const std::string& folder, const std::string& flags = "--rounds 40") {
    Process process = simulate(folder, flags);
    ASSERT_EQ(process.wait(), 0) << process.err();
  }
  Process compare(const std::vector<std::string>& folders) {
    Flags flags = {"compare"};
    for (const std::string& folder : folders) flags.push_back(path(folder).string());
    return start_simulate(flags + Flags{"--out", path("compared").string()});
  }

  void expect_picture(const fs::path& file) {
    const std::string svg = read_text(file);
    EXPECT_TRUE(svg.starts_with("<?xml")) << file;
    EXPECT_NE(svg.find("</svg>"), std::string::npos) << file;
  }
  void expect_no_pictures(const std::string& folder) {
    for (const char* name : kPictures) EXPECT_FALSE(fs::exists(path(folder) / name)) << name;
  }

 private:
  std::string path_;
};

TEST_F(Pictures, AreInEveryRunFolder) {
  make_run("run");
  for (const char* name : kPictures) {
    expect_picture(path("run") / name);
    EXPECT_NE(
        read_text(path("run") / name).find("softmax with 650 parameters, 2 clients, 40 rounds"),
        std::string::npos);
  }
}

TEST_F(Pictures, OfAShortRunOrOneWithoutEvaluationsAreThereToo) {
  for (const char* flags : {"--rounds 1", "--rounds 2 --eval-every 1", "--rounds 3 --lr 1000"}) {
    make_run(flags, flags);
    for (const char* name : kPictures) expect_picture(path(flags) / name);
  }
}

TEST_F(Pictures, AreSkippedWithAWordWhereThereIsNoGnuplot) {
  without_gnuplot();
  Process process = simulate("run");
  EXPECT_EQ(process.wait(), 0);
  EXPECT_NE(process.err().find("no pictures: gnuplot is not installed\n"), std::string::npos)
      << process.err();
  expect_no_pictures("run");
  EXPECT_EQ(summary().at("rounds"), 40);
}

TEST_F(Pictures, AGnuplotThatFailsDoesNotFailTheRun) {
  with_gnuplot("echo 'no terminal of that name' >&2\nexit 1\n");
  Process process = simulate("run");
  EXPECT_EQ(process.wait(), 0);
  EXPECT_NE(process.err().find("no pictures: gnuplot failed (no terminal of that name)"),
            std::string::npos)
      << process.err();
  expect_no_pictures("run");
}

TEST_F(Pictures, CompareLaysRunsSideBySide) {
  make_run("a", "--rounds 40 --lr 0.001");
  make_run("b", "--rounds 20 --lr 0.003 --eval-every 10");
  Process process = compare({"a", "b"});
  ASSERT_EQ(process.wait(), 0) << process.err();
  for (const char* name : kComparison) {
    expect_picture(path("compared") / name);
    EXPECT_NE(process.out().find(name), std::string::npos);
    EXPECT_NE(read_text(path("compared") / name).find("lr=0.003"), std::string::npos) << name;
  }
  for (const char* part : {"lr=0.001", "lr=0.003", "accuracy", "fingerprint"}) {
    EXPECT_NE(process.out().find(part), std::string::npos) << process.out();
  }
  // Once more replaces them.
  EXPECT_EQ(compare({"b", "a"}).wait(), 0);
  EXPECT_EQ(compare({"a"}).wait(), 0);
}

TEST_F(Pictures, CompareShowsARunThatStillGoesOnOrWasKilled) {
  make_run("whole");
  Process endless = simulate("killed", "--rounds 100000000 --eval-every 10");
  ASSERT_TRUE(wait_for_round(60, "killed"));
  Process meanwhile = compare({"whole", "killed"});
  EXPECT_EQ(meanwhile.wait(), 0) << meanwhile.err();
  EXPECT_NE(meanwhile.out().find("(unfinished)"), std::string::npos) << meanwhile.out();
  endless.signal(SIGKILL);
  endless.wait();
  Process afterwards = compare({"whole", "killed"});
  EXPECT_EQ(afterwards.wait(), 0) << afterwards.err();
  for (const char* name : kComparison) expect_picture(path("compared") / name);
}

TEST_F(Pictures, CompareWithoutGnuplotIsTheTableAlone) {
  make_run("a");
  without_gnuplot();
  Process process = compare({"a"});
  EXPECT_EQ(process.wait(), 0);
  EXPECT_NE(process.out().find("fingerprint"), std::string::npos);
  EXPECT_EQ(process.err(), "no pictures: gnuplot is not installed\n");
  EXPECT_FALSE(fs::exists(path("compared")));
}

TEST_F(Pictures, CompareFailsWhereGnuplotDoesAndLeavesNoFolderBehind) {
  make_run("a");
  with_gnuplot("exit 1\n");
  Process process = compare({"a"});
  EXPECT_EQ(process.wait(), 1);
  EXPECT_NE(process.out().find("fingerprint"), std::string::npos);
  EXPECT_NE(process.err().find("no pictures: gnuplot failed"), std::string::npos) << process.err();
  EXPECT_FALSE(fs::exists(path("compared")));
}

TEST_F(Pictures, CompareSaysWhichFolderIsNoRunOrDamaged) {
  make_run("a");
  const auto check = [this](const std::vector<std::string>& folders, const std::string& part) {
    Process process = compare(folders);
    EXPECT_EQ(process.wait(), 1);
    EXPECT_TRUE(process.err().starts_with("psephos-simulate compare: ")) << process.err();
    EXPECT_NE(process.err().find(part), std::string::npos) << process.err();
  };
  check({"a", "missing"}, "there is no folder ");
  check({"a", "logs"}, "holds no run");
  fs::copy(path("a"), path("damaged"));
  std::ofstream(path("damaged") / "metrics.csv", std::ios::app) << "41,abc\n";
  check({"a", "damaged"}, "metrics.csv, line 42: has 2 fields, the header 11");
}

TEST_F(Pictures, CompareWantsSomeRunsButNotTooMany) {
  Process none = start_simulate({"compare"});
  EXPECT_EQ(none.wait(), 2);
  EXPECT_NE(none.err().find("which runs?"), std::string::npos) << none.err();
  Process many = compare(std::vector<std::string>(25, "a"));
  EXPECT_EQ(many.wait(), 2);
  EXPECT_NE(many.err().find("give at most 24"), std::string::npos) << many.err();
}

}  // namespace
}  // namespace psephos::end_to_end
