#include "simulator/sweep_folder.h"

#include "tests/runtime/report/scratch.h"

namespace psephos::simulator {
namespace {

constexpr const char* kAsked = "grid=\"lr=1,2\"\nrounds=60\nseeds=3\n";

class SweepFolderTest : public ScratchTest {
 protected:
  Result<SweepFolder> open(const std::string& asked = kAsked) {
    return SweepFolder::open(scratch_ / "sweep", asked, grid_);
  }
  void expect_error(const std::string& asked, const std::string& part) {
    const auto folder = open(asked);
    ASSERT_FALSE(folder);
    EXPECT_TRUE(folder.error().text.starts_with("--out: ")) << folder.error().text;
    EXPECT_NE(folder.error().text.find(part), std::string::npos) << folder.error().text;
  }

  Grid grid_ = *parse_grid("lr=1,2");
};

TEST_F(SweepFolderTest, IsMadeAndHoldsWhatWasAsked) {
  ASSERT_TRUE(open());
  EXPECT_EQ(contents(scratch_ / "sweep" / "sweep.toml"), kAsked);
  EXPECT_TRUE(contents(scratch_ / "sweep" / "sweep.csv").starts_with("lr,seed,validation_acc"));
  EXPECT_TRUE(contents(scratch_ / "sweep" / "test.csv").starts_with("lr,seed,test_accuracy,"));
}

TEST_F(SweepFolderTest, GoesOnWithTheSameSweep) {
  {
    auto folder = open();
    SweepRow row;
    row.seed = 1;
    ASSERT_TRUE(folder->validation().append(row));
  }
  auto again = open();
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_TRUE(again->validation().has(0, 1));
  EXPECT_TRUE(again->test().rows().empty());
}

TEST_F(SweepFolderTest, AHelpTextThatChangedIsNoOtherSweep) {
  ASSERT_TRUE(open());
  EXPECT_TRUE(open(std::string("# how many\n") + kAsked));
}

TEST_F(SweepFolderTest, IsHeldAgainstASecondProgram) {
  auto first = open();
  ASSERT_TRUE(first);
  expect_error(kAsked, "a sweep is at work in ");
  {
    const SweepFolder moved = std::move(*first);
    expect_error(kAsked, "a sweep is at work in ");
  }
  EXPECT_TRUE(open());
}

TEST_F(SweepFolderTest, RefusesAnotherSweepAndSaysTheDifference) {
  ASSERT_TRUE(open());
  expect_error("grid=\"lr=1,2,3\"\nrounds=60\nseeds=3\n",
               "grid was \"lr=1,2\", now it is \"lr=1,2,3\"");
  expect_error("grid=\"lr=1,2\"\nrounds=60\n", "seeds was \"3\"");
  expect_error(std::string(kAsked) + "model=\"softmax\"\n",
               "model was \"missing\", now it is \"softmax\"");
}

TEST_F(SweepFolderTest, RefusesAFolderOfSomethingElse) {
  write("sweep/metrics.csv", "a run");
  expect_error(kAsked, "holds something else (metrics.csv)");
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "sweep" / "sweep.toml"));
}

TEST_F(SweepFolderTest, RefusesAPathThatIsAFile) {
  write("sweep", "text");
  expect_error(kAsked, "cannot create the folder");
}

TEST_F(SweepFolderTest, TheUsualOneIsTheSameForTheSameQuestionOnly) {
  const auto usual = usual_sweep_folder(grid_, kAsked);
  EXPECT_TRUE(usual.string().starts_with("runs/sweep-lr-")) << usual;
  EXPECT_EQ(usual_sweep_folder(grid_, std::string("# how many\n") + kAsked), usual);
  EXPECT_NE(usual_sweep_folder(grid_, std::string(kAsked) + "model=\"softmax\"\n"), usual);
}

}  // namespace
}  // namespace psephos::simulator
