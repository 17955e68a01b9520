#include "runtime/report/gnuplot.h"

#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>

#include "tests/runtime/report/scratch.h"

namespace psephos {
namespace {

using Clock = std::chrono::steady_clock;

// A PATH with a gnuplot of the test's making, or none.
class GnuplotTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    if (const char* path = std::getenv("PATH")) path_ = path;
  }
  void TearDown() override {
    ::setenv("PATH", path_.c_str(), 1);
    ScratchTest::TearDown();
  }

  void pretend(const std::string& script) {
    const auto program = write("bin/gnuplot", "#!/bin/sh\n" + script);
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    ::setenv("PATH", ((scratch_ / "bin").string() + ":" + path_).c_str(), 1);
  }

  static std::string error_of(std::chrono::milliseconds patience = std::chrono::seconds(60)) {
    const auto svg = run_gnuplot("plot 1\n", Clock::now() + patience);
    return svg ? "no error" : svg.error().text;
  }

  std::string path_;
};

constexpr const char* kSmallest = "echo '<?xml version=\"1.0\"?><svg></svg>'\n";

TEST_F(GnuplotTest, TheRealOneDraws) {
  ASSERT_TRUE(gnuplot_is_installed());
  const auto svg =
      run_gnuplot("set terminal svg\nplot x\n", Clock::now() + std::chrono::minutes(1));
  ASSERT_TRUE(svg) << svg.error().text;
  EXPECT_TRUE(svg->starts_with("<?xml"));
  EXPECT_NE(svg->find("</svg>"), std::string::npos);
}

TEST_F(GnuplotTest, TheRealOneSaysWhatItDislikes) {
  const auto svg = run_gnuplot("plot plot\n", Clock::now() + std::chrono::minutes(1));
  ASSERT_FALSE(svg);
  EXPECT_TRUE(svg.error().text.starts_with("no pictures: gnuplot failed (")) << svg.error().text;
}

TEST_F(GnuplotTest, MissingIsAWord) {
  ::setenv("PATH", scratch_.c_str(), 1);
  EXPECT_FALSE(gnuplot_is_installed());
  EXPECT_EQ(error_of(), "no pictures: gnuplot is not installed");
}

TEST_F(GnuplotTest, GetsTheScriptOnItsStdin) {
  pretend("cat > " + (scratch_ / "heard").string() + "\n" + kSmallest);
  EXPECT_TRUE(gnuplot_is_installed());
  ASSERT_TRUE(run_gnuplot("plot 'a'\n", Clock::now() + std::chrono::minutes(1)));
  EXPECT_EQ(contents(scratch_ / "heard"), "plot 'a'\n");
}

TEST_F(GnuplotTest, OneThatFailsIsNoPicture) {
  pretend("echo 'no such terminal' >&2\necho more >&2\nexit 1\n");
  EXPECT_EQ(error_of(), "no pictures: gnuplot failed (no such terminal)");
  pretend("exit 3\n");
  EXPECT_EQ(error_of(), "no pictures: gnuplot failed");
  pretend("kill -9 $$\n");
  EXPECT_EQ(error_of(), "no pictures: gnuplot failed");
  pretend("echo '<?xml version=\"1.0\"?><svg>half'\n");
  EXPECT_EQ(error_of(), "no pictures: gnuplot failed");
}

TEST_F(GnuplotTest, OneThatHangsIsKilledWithItsChildren) {
  pretend("sleep 600 &\necho $! > " + (scratch_ / "child").string() + "\nwait\n");
  EXPECT_EQ(error_of(std::chrono::seconds(1)),
            "no pictures: gnuplot did not come to an end and was stopped");
  const pid_t child = std::stoi(contents(scratch_ / "child"));
  for (int i = 0; i < 1000 && ::kill(child, 0) == 0; ++i) {
    // Whoever inherited it may take its time to reap it; a zombie has no command line.
    if (contents("/proc/" + std::to_string(child) + "/cmdline").empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(contents("/proc/" + std::to_string(child) + "/cmdline").empty());
}

TEST_F(GnuplotTest, OneThatClosesItsOutputAndHangsIsKilledToo) {
  pretend("exec >&-\nsleep 600\n");
  EXPECT_EQ(error_of(std::chrono::milliseconds(300)),
            "no pictures: gnuplot did not come to an end and was stopped");
}

TEST_F(GnuplotTest, OneThatNeverStopsWritingIsStopped) {
  pretend("exec yes '<svg>'\n");
  EXPECT_EQ(error_of(), "no pictures: gnuplot made one without end and was stopped");
}

}  // namespace
}  // namespace psephos
