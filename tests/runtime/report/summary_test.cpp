#include "runtime/report/summary.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

namespace psephos {
namespace {

Summary example() {
  Summary summary;
  summary.program = "psephos-simulate";
  summary.accuracy = 0.86312345678;
  summary.loss = 0.4121;
  summary.rounds = 600;
  summary.d = 101'770;
  summary.clients = 10;
  summary.bits_up_per_parameter = 1.00009825;
  summary.bits_down_per_parameter = 1.06;
  summary.frame_overhead_up = 88;
  summary.frame_overhead_down = 120;
  summary.bytes_up = 78'100'000;
  summary.bytes_down = 82'400'000;
  summary.fingerprint = 0xabc;
  summary.wall_s = 3.4;
  summary.virtual_s = 3.4;
  summary.gradient_s = 2.1;
  summary.rounds_per_s = 176.4705882;
  summary.arithmetic = "avx2-fma";
  summary.seed = 1;
  summary.run = 0xffff'ffff'ffff'ffff;
  summary.stopped_because = "finished";
  return summary;
}

TEST(Summary, JsonIsOneLineWithEveryPromisedKey) {
  const std::string text = to_json(example());
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const auto json = nlohmann::json::parse(text);
  for (const char* key : {"accuracy",
                          "loss",
                          "rounds",
                          "d",
                          "clients",
                          "bits_up_per_parameter",
                          "bits_down_per_parameter",
                          "frame_overhead_up",
                          "frame_overhead_down",
                          "bytes_up",
                          "bytes_down",
                          "fingerprint",
                          "wall_s",
                          "gradient_s",
                          "rounds_per_s",
                          "arithmetic",
                          "seed",
                          "program",
                          "interrupted",
                          "virtual_s",
                          "run",
                          "stopped_because"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
}

TEST(Summary, JsonKeepsCountsExactAndMeasurementsToSixDigits) {
  const auto json = nlohmann::json::parse(to_json(example()));
  EXPECT_EQ(json["accuracy"], 0.863123);
  EXPECT_EQ(json["bits_up_per_parameter"], 1.0001);
  EXPECT_EQ(json["rounds_per_s"], 176.471);
  EXPECT_EQ(json["bytes_up"], 78'100'000);
  EXPECT_EQ(json["fingerprint"], "0000000000000abc");
  EXPECT_EQ(json["run"], "ffffffffffffffff");
  EXPECT_NE(to_json(example()).find("\"accuracy\":0.863123,"), std::string::npos);
}

TEST(Summary, JsonSaysNullForWhatIsAbsentOrNotANumber) {
  Summary summary = example();
  summary.accuracy.reset();
  summary.gradient_s.reset();
  summary.loss = std::numeric_limits<double>::quiet_NaN();
  summary.wall_s = std::numeric_limits<double>::infinity();
  const auto json = nlohmann::json::parse(to_json(summary));
  EXPECT_TRUE(json["accuracy"].is_null());
  EXPECT_TRUE(json["gradient_s"].is_null());
  EXPECT_TRUE(json["loss"].is_null());
  EXPECT_TRUE(json["wall_s"].is_null());
}

TEST(Summary, SaysWhoseDataTheAccuracyIsOf) {
  Summary summary = example();
  EXPECT_TRUE(nlohmann::json::parse(to_json(summary))["accuracy_of"].is_null());
  summary.accuracy_of = "held-out";
  EXPECT_EQ(nlohmann::json::parse(to_json(summary))["accuracy_of"], "held-out");
  EXPECT_EQ(describe(summary).find("clients report"), std::string::npos);
  summary.accuracy_of = "clients";
  EXPECT_EQ(nlohmann::json::parse(to_json(summary))["accuracy_of"], "clients");
  EXPECT_NE(describe(summary).find("(as clients report of their own data)"), std::string::npos);
}

TEST(Summary, JsonSurvivesTextThatIsNotUtf8) {
  Summary summary = example();
  summary.arithmetic = "\xff\"\n";
  EXPECT_TRUE(nlohmann::json::accept(to_json(summary)));
}

TEST(Summary, TellsWhatFp32WouldHaveCost) {
  const std::string text = describe(example());
  EXPECT_NE(text.find("on the wire: 78.1 MB up, 82.4 MB down; fp32 gradients would have cost "
                      "2.4 GB up and 2.4 GB down: 30 times less\n"),
            std::string::npos)
      << text;
}

TEST(Summary, ComparesWithTheBallotsAndDecisionsThatWereWhereTheyAreKnown) {
  Summary summary = example();
  summary.ballots_counted = 600;  // one client of ten in each round
  summary.decisions_sent = 0;
  const std::string text = describe(summary);
  EXPECT_NE(text.find("cost 244 MB up and 0 B down: 1.5 times less"), std::string::npos) << text;
}

TEST(Summary, LinesForAPersonAreAligned) {
  std::istringstream lines(describe(example()));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_EQ(line[12], ' ') << line;
    EXPECT_NE(line[13], ' ') << line;
  }
  EXPECT_EQ(count, 6u);
}

TEST(Summary, SaysWhyARunEndedEarlyAndThatNothingWasMeasured) {
  Summary summary;
  summary.stopped_because = "interrupted";
  const std::string text = describe(summary);
  EXPECT_NE(text.find("not evaluated"), std::string::npos) << text;
  EXPECT_NE(text.find("(interrupted)"), std::string::npos) << text;
  EXPECT_EQ(text.find("times"), std::string::npos) << text;
}

TEST(Summary, NamesClientsCountedInUnderATenthOfTheirInvitations) {
  const auto client = [](const char* name, std::uint64_t invited, std::uint64_t counted) {
    ClientRow row;
    row.name = name;
    row.invited = invited;
    row.counted = counted;
    return row;
  };
  const std::vector<std::string> sentences =
      neglected_clients({client("slow", 101, 10), client("tenth", 100, 10), client("new", 9, 0),
                         client("silent", 10, 0), client("good", 100, 100)});
  ASSERT_EQ(sentences.size(), 2u);
  EXPECT_TRUE(sentences[0].starts_with("slow was counted in 10 of the 101 rounds"));
  EXPECT_TRUE(sentences[1].starts_with("silent was counted in 0 of the 10 rounds"));
}

TEST(Summary, CountsTheNeglectedWhereThereAreTooManyToName) {
  ClientRow row;
  row.invited = 100;
  const std::vector<std::string> sentences = neglected_clients(std::vector<ClientRow>(1020, row));
  ASSERT_EQ(sentences.size(), 21u);
  EXPECT_TRUE(sentences.back().starts_with("1000 more were counted as seldom"));
}

}  // namespace
}  // namespace psephos
