#include "simulator/sweep_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/simulator/small_world.h"
#include "tests/simulator/sweep_asked.h"

namespace psephos::simulator {
namespace {

class SweepReport : public ::testing::Test {
 protected:
  static SweepRow row(std::size_t point, std::uint32_t seed, double accuracy) {
    SweepRow made;
    made.point = point;
    made.seed = seed;
    made.accuracy = accuracy;
    made.loss = 0.5;
    return made;
  }

  // Of the two points the second is best.
  SweepReport() {
    result_.ranking = rank({row(0, 5, 0.5), row(0, 6, 0.5), row(1, 5, 0.75), row(1, 6, 0.8125)}, 2);
    result_.has_best = true;
    result_.test_rows = {row(1, 5, 0.75), row(1, 6, 0.8)};
  }

  std::string text() const {
    return describe_sweep(plan_, *small_dataset(), result_, asked_.given);
  }
  nlohmann::json json() const {
    return nlohmann::json::parse(
        sweep_json(plan_, *small_dataset(), result_, asked_.given, "runs/there"));
  }

  AskedSweep asked_{"lr=1e-3,3e-3 model=mlp:8,8;softmax", "--seeds 2 --seed 5 --rounds 60"};
  SweepPlan plan_ = *asked_.plan();
  SweepResult result_;
};

TEST_F(SweepReport, ShowsTheRankingTheTestAndTheBestAsACommand) {
  for (const char* part :
       {"accuracy on the validation samples, mean of seeds 5 to 6", "0.7812  0.7500   0.8125",
        "test accuracy: 0.7750 (0.7500 to 0.8000 over 2 seeds)",
        "psephos-simulate --rounds 60 --lr 1e-3 --model softmax --seed 5\n"}) {
    EXPECT_NE(text().find(part), std::string::npos) << part << "\n" << text();
  }
}

TEST_F(SweepReport, TellsAScriptTheSame) {
  EXPECT_EQ(json().at("best"), (nlohmann::json{{"lr", "1e-3"}, {"model", "softmax"}}));
  EXPECT_DOUBLE_EQ(json().at("validation_accuracy"), 0.78125);
  EXPECT_DOUBLE_EQ(json().at("test_accuracy"), 0.775);
  EXPECT_EQ(json().at("runs"), 8);
  EXPECT_EQ(json().at("finished"), 4);
  EXPECT_EQ(json().at("out"), "runs/there");
  EXPECT_EQ(json().at("command"),
            "psephos-simulate --rounds 60 --lr 1e-3 --model softmax --seed 5");
}

TEST_F(SweepReport, AFailureIsShownBesideItsCombination) {
  SweepRow failed = row(2, 5, 0);
  failed.failure = "it diverged";
  result_.ranking.push_back(make_score({failed}));
  EXPECT_NE(text().find("failed: it diverged"), std::string::npos) << text();
  EXPECT_EQ(json().at("failed_points"), 1);
}

TEST_F(SweepReport, WithoutABestNothingIsClaimed) {
  result_.has_best = false;
  result_.test_rows.clear();
  EXPECT_EQ(text().find("test accuracy"), std::string::npos);
  EXPECT_TRUE(json().at("best").is_null());
  EXPECT_TRUE(json().at("test_accuracy").is_null());
}

TEST_F(SweepReport, ATestRunThatFailedIsNoTestAccuracy) {
  result_.test_rows[1].failure = "no memory";
  EXPECT_NE(text().find("test accuracy: a run failed: no memory"), std::string::npos) << text();
  EXPECT_TRUE(json().at("test_accuracy").is_null());
  EXPECT_FALSE(json().at("best").is_null());
}

TEST_F(SweepReport, ALongRankingIsCut) {
  for (int i = 0; i < 40; ++i) result_.ranking.push_back(result_.ranking.back());
  EXPECT_NE(text().find("(12 more in sweep.csv)"), std::string::npos) << text();
}

TEST(ShellWord, IsQuotedWhereAShellWouldReadMore) {
  EXPECT_EQ(shell_word("mlp:256,128"), "mlp:256,128");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's;$x"), "'it'\\''s;$x'");
}

}  // namespace
}  // namespace psephos::simulator
