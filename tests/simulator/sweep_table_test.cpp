#include "simulator/sweep_table.h"

#include "tests/runtime/report/scratch.h"

namespace psephos::simulator {
namespace {

constexpr const char* kHeader =
    "model,lr,seed,validation_accuracy,validation_loss,rounds_finished,wall_s,"
    "bits_up_per_parameter,bits_down_per_parameter,fingerprint,status\n";

class SweepTableTest : public ScratchTest {
 protected:
  std::filesystem::path path() const { return scratch_ / "sweep.csv"; }
  Result<SweepTable> open() { return SweepTable::open(path(), grid_, "validation"); }
  std::string error() {
    const auto table = open();
    return table ? "no error" : table.error().text;
  }

  static SweepRow row(std::size_t point, std::uint32_t seed) {
    SweepRow made;
    made.point = point;
    made.seed = seed;
    made.accuracy = 0.123456789;
    made.loss = 1.5;
    made.rounds = 60;
    made.wall_s = 0.25;
    made.bits_up = 1;
    made.bits_down = 1.75;
    made.fingerprint = "000000000000f00d";
    return made;
  }

  Grid grid_ = *parse_grid("model=softmax;mlp:8,8 lr=1,2");
};

constexpr const char* kRow =
    "\"mlp:8,8\",2,7,0.123457,1.5,60,0.250,1,1.75,000000000000f00d,finished\n";

TEST_F(SweepTableTest, HasARowPerRun) {
  auto table = open();
  ASSERT_TRUE(table) << table.error().text;
  ASSERT_TRUE(table->append(row(3, 7)));
  EXPECT_EQ(contents(path()), std::string(kHeader) + kRow);
  EXPECT_TRUE(table->has(3, 7));
  EXPECT_FALSE(table->has(3, 8));
  EXPECT_FALSE(table->has(2, 7));
}

TEST_F(SweepTableTest, RemembersWhatTheFileSays) {
  double accuracy = 0;
  {
    auto table = open();
    ASSERT_TRUE(table->append(row(0, 1)));
    SweepRow failed = row(1, 1);
    failed.failure = "it \"diverged\",\nbadly";
    ASSERT_TRUE(table->append(failed));
    accuracy = table->rows()[0].accuracy;
  }
  const auto again = open();
  ASSERT_TRUE(again) << again.error().text;
  ASSERT_EQ(again->rows().size(), 2U);
  EXPECT_EQ(again->rows()[0].accuracy, accuracy);  // with the digits of the file both times
  EXPECT_EQ(again->rows()[0].fingerprint, "000000000000f00d");
  EXPECT_EQ(again->rows()[1].point, 1U);
  EXPECT_EQ(again->rows()[1].failure, "it \"diverged\", badly");
}

TEST_F(SweepTableTest, DropsALineThatIsTornAndGoesOn) {
  const std::string whole = std::string(kHeader) + kRow;
  for (std::size_t torn = 1; torn < std::string(kRow).size(); ++torn) {
    write("sweep.csv", whole + std::string(kRow).substr(0, torn));
    auto table = open();
    ASSERT_TRUE(table) << table.error().text;
    EXPECT_EQ(table->rows().size(), 1U);
    EXPECT_EQ(contents(path()), whole);
  }
  auto table = open();
  ASSERT_TRUE(table->append(row(0, 1)));
  EXPECT_EQ(open()->rows().size(), 2U);
}

TEST_F(SweepTableTest, TheFirstRowOfARunCounts) {
  std::string second = kRow;
  second.replace(second.find("0.123457"), 8, "0.999999");
  write("sweep.csv", std::string(kHeader) + kRow + second);
  const auto table = open();
  ASSERT_EQ(table->rows().size(), 1U);
  EXPECT_EQ(table->rows()[0].accuracy, 0.123457);
}

TEST_F(SweepTableTest, RefusesWhatIsNotOfThisSweepAndLeavesItAlone) {
  const std::string other = "a file of somebody's, without an end of line";
  const auto below_header = [](const char* row) {
    std::string text = kHeader;
    text += row;
    return text;
  };
  const std::string torn = std::string("other,header\n") + kRow + "torn";
  for (const std::string& text :
       {other, torn, below_header("1,2,3\n"),
        below_header("cnn,2,7,0.1,1.5,60,0.2,1,1.7,f00d,finished\n"),
        below_header("softmax,2,7,0.1,1.5,60,0.2,1,1.7,f00d,cancelled\n"),
        below_header("softmax,2,x,0.1,1.5,60,0.2,1,1.7,f00d,finished\n"),
        below_header("softmax,2,7,,,60,0.2,1,1.7,f00d,finished\n"), std::string()}) {
    write("sweep.csv", text);
    EXPECT_NE(error().find("sweep.csv"), std::string::npos) << text;
    EXPECT_EQ(contents(path()), text);
  }
  write("sweep.csv", std::string(kHeader) + kRow + "1,2,3\n");
  EXPECT_NE(error().find("line 3, is none of this sweep's"), std::string::npos) << error();
}

TEST_F(SweepTableTest, RefusesWhatIsNoFile) {
  std::filesystem::create_directories(path());
  EXPECT_FALSE(open());
}

TEST_F(SweepTableTest, AFullDiskIsSaid) {
  ASSERT_TRUE(open());
  std::filesystem::remove(path());
  std::filesystem::create_symlink("/dev/full", path());
  EXPECT_NE(error().find("is not an ordinary file"), std::string::npos);
}

}  // namespace
}  // namespace psephos::simulator
