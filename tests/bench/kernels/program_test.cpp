// psephos-bench as a person starts it. How fast anything is, no test says.

#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/end_to_end/programs.h"

namespace psephos::bench {
namespace {

using end_to_end::Flags;
using end_to_end::lines_of;
using end_to_end::Process;

class PsephosBench : public ::testing::Test {
 protected:
  PsephosBench() { std::filesystem::create_directories(scratch_); }
  ~PsephosBench() override { std::filesystem::remove_all(scratch_); }

  Process start(Flags flags) const {
    flags.insert(flags.begin(), PSEPHOS_BENCH);
    return {flags, scratch_ / "log"};
  }

  // One JSON object per line, each with exactly the keys of a row.
  static std::vector<nlohmann::json> rows_of(const std::string& out) {
    std::vector<nlohmann::json> rows;
    for (const std::string& line : lines_of(out)) {
      rows.push_back(nlohmann::json::parse(line));
      EXPECT_EQ(rows.back().size(), 10u) << line;
      for (const char* key : {"kernel", "isa", "d", "voters", "gb_s", "ns_per_parameter",
                              "limit_gb_s", "ratio", "target", "holds"}) {
        EXPECT_TRUE(rows.back().contains(key)) << key << " in " << line;
      }
    }
    return rows;
  }

 private:
  std::filesystem::path scratch_ =
      std::filesystem::temp_directory_path() / ("psephos-bench-test-" + std::to_string(getpid()));
};

TEST_F(PsephosBench, PrintsRowsOfTheKernelAskedFor) {
  Process process = start({"table", "--quick", "--only", "pack", "--json"});
  ASSERT_EQ(process.wait(), 0) << process.err();
  const auto rows = rows_of(process.out());
  ASSERT_EQ(rows.size(), 2u);
  for (const nlohmann::json& row : rows) {
    EXPECT_EQ(row.at("kernel"), "pack");
    EXPECT_GT(row.at("d"), 0);
    EXPECT_GT(row.at("gb_s"), 0);
    EXPECT_GT(row.at("ns_per_parameter"), 0);
    EXPECT_GT(row.at("limit_gb_s"), 0);
    EXPECT_GT(row.at("ratio"), 0);
  }
}

TEST_F(PsephosBench, TakesBallotsInFromProcessesOfTheirOwn) {
  Process process =
      start({"table", "--quick", "--only", "intake", "--only", "intake_curve", "--json"});
  ASSERT_EQ(process.wait(), 0) << process.err();
  const auto rows = rows_of(process.out());
  ASSERT_EQ(rows.size(), 2u) << process.err();
  EXPECT_EQ(rows[0].at("kernel"), "intake");
  EXPECT_EQ(rows[1].at("kernel"), "intake_curve");
  for (const nlohmann::json& row : rows) {
    EXPECT_EQ(row.at("voters"), 16);
    EXPECT_EQ(row.at("target").is_number(), true);
    EXPECT_EQ(row.at("holds").is_boolean(), true);
  }
}

TEST_F(PsephosBench, RunsGoogleBenchmarkOnEveryTable) {
  Process process =
      start({"micro", "--benchmark_filter=pack_bits/portable/4096", "--benchmark_min_time=0.001"});
  ASSERT_EQ(process.wait(), 0) << process.err();
  EXPECT_NE(process.out().find("pack_bits/portable/4096"), std::string::npos) << process.out();
}

TEST_F(PsephosBench, UsageErrorsAreStatus2AndNameTheFlag) {
  const std::vector<std::pair<Flags, std::string>> mistakes = {
      {{}, "subcommand"},
      {{"table", "--only", "packs"}, "--only"},
      {{"table", "--fast"}, "--fast"},
      {{"intake", "--only", "pack"}, "--only"},
      {{"micro", "--benchmark_fliter=x"}, "--benchmark_fliter"}};
  for (const auto& [flags, text] : mistakes) {
    Process process = start(flags);
    EXPECT_EQ(process.wait(), 2);
    EXPECT_NE(process.err().find(text), std::string::npos) << process.err();
  }
}

}  // namespace
}  // namespace psephos::bench
