#include "runtime/report/config_values.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "runtime/report/config_file.h"
#include "runtime/report/options.h"

namespace psephos {
namespace {

TEST(ConfigValues, AreTheLinesWithAKey) {
  const ConfigValues values = config_values(
      "# lr=5\n"
      "lr=0.001\n"
      " model = \"mlp:256,128\" \r\n"
      "decision='quorum:0.2'\n"
      "\n[section]\nno key here\n=5\n"
      "dataset=\"idx:/a=b\"\n"
      "last=1");
  EXPECT_EQ(values, (ConfigValues{{"lr", "0.001"},
                                  {"model", "mlp:256,128"},
                                  {"decision", "quorum:0.2"},
                                  {"dataset", "idx:/a=b"},
                                  {"last", "1"}}));
  EXPECT_TRUE(config_values("").empty());
}

TEST(ConfigValues, HoldWhatARunWasStartedWith) {
  CLI::App app("", "test");
  RunOptions options;
  add_run_options(app, options);
  const char* const arguments[] = {"test", "--lr", "3e-4", "--model", "mlp:256,128"};
  ASSERT_FALSE(parse_command_line(app, 5, arguments));
  const ConfigValues values = config_values(config_as_run(app));
  EXPECT_TRUE(same_value(values.at("lr"), "0.0003"));
  EXPECT_EQ(values.at("model"), "mlp:256,128");
  EXPECT_EQ(values.at("rounds"), "600");  // a default
}

TEST(ConfigValues, AreEqualAsTextOrAsNumbers) {
  EXPECT_TRUE(same_value("mlp:128", "mlp:128"));
  EXPECT_TRUE(same_value("1e-3", "0.001"));
  EXPECT_FALSE(same_value("1e-3", "0.002"));
  EXPECT_FALSE(same_value("1", "1x"));
  EXPECT_FALSE(same_value("", "0"));
}

}  // namespace
}  // namespace psephos
