#include "runtime/report/config_text.h"

#include <gtest/gtest.h>

#include <vector>

namespace psephos::config_text_test {
namespace {

ConfigSetting read(std::string_view line) {
  const auto setting = read_config_line(line);
  if (!setting) {
    ADD_FAILURE() << line << ": " << setting.error().text;
    return {};
  }
  return setting->value_or(ConfigSetting{});
}

std::string refusal(std::string_view line) {
  const auto setting = read_config_line(line);
  return setting ? "accepted" : setting.error().text;
}

TEST(ConfigText, LinesEndAsOnAnySystem) {
  std::string_view text = "a\r\nb\n\nc";
  EXPECT_EQ(take_line(text), "a");
  EXPECT_EQ(take_line(text), "b");
  EXPECT_EQ(take_line(text), "");
  EXPECT_EQ(take_line(text), "c");
  EXPECT_EQ(text, "");
}

TEST(ConfigText, BlankLinesAndCommentsSetNothing) {
  for (const char* line : {"", "  \t", "# lr = 1", "  # \"", "#"}) {
    const auto setting = read_config_line(line);
    ASSERT_TRUE(setting) << line;
    EXPECT_FALSE(*setting) << line;
  }
}

TEST(ConfigText, ASettingIsANumberAWordOrATruth) {
  const ConfigSetting rate = read("  lr\t=  1e-3  # fast");
  EXPECT_EQ(rate.key, "lr");
  EXPECT_EQ(rate.value, "1e-3");
  EXPECT_EQ(rate.kind, ConfigValueKind::kNumber);
  const ConfigSetting word = read("min-voters_2=\"step:1,2\"");
  EXPECT_EQ(word.key, "min-voters_2");
  EXPECT_EQ(word.value, "step:1,2");
  EXPECT_EQ(word.kind, ConfigValueKind::kWord);
  EXPECT_EQ(read("a = true").kind, ConfigValueKind::kBool);
  EXPECT_EQ(read("a = false#").value, "false");
  EXPECT_EQ(read("a = 'true'").kind, ConfigValueKind::kWord);
}

TEST(ConfigText, WhatStandsInQuotesStandsAsItIs) {
  EXPECT_EQ(read("a = \"idx:/my data#1 = 'x'\" # c").value, "idx:/my data#1 = 'x'");
  EXPECT_EQ(read("a = '\"C:\\new\"'").value, "\"C:\\new\"");
  EXPECT_EQ(read(R"(a = "\"\\")").value, "\"\\");
  EXPECT_EQ(read(R"(a = "\u00e9\u20AC\U0001F600")").value, "é€😀");
  EXPECT_EQ(read("a = \"\"").value, "");
  EXPECT_EQ(read("a = \"é\"").value, "é");
}

TEST(ConfigText, NumbersAreThoseOfToml) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, std::string>>{
           {"0", "0"},
           {"-0", "-0"},
           {"+5", "5"},
           {"-17", "-17"},
           {"1_000_000", "1000000"},
           {"0.5", "0.5"},
           {"1.0_5", "1.05"},
           {"1e5", "1e5"},
           {"1E+5", "1e5"},
           {"6.02e-2_3", "6.02e-23"},
           {"99999999999999999999", "99999999999999999999"}}) {
    const ConfigSetting setting = read("a = " + text);
    EXPECT_EQ(setting.value, value);
    EXPECT_EQ(setting.kind, ConfigValueKind::kNumber) << text;
  }
  for (const char* text : {".5", "5.", "1e", "1e+", "007", "0_1", "1__0", "_1", "1_", "0x10", "nan",
                           "inf", "-", "+-1", "1.2.3", "5k", "1979-05-27", "cosine", "True"}) {
    EXPECT_EQ(refusal(std::string("a = ") + text),
              std::string("a: ") + text +
                  " is no number like 10 or 1e-3; a word stands in quotes (\"cosine\")");
  }
}

TEST(ConfigText, WhatIsNoSettingIsToldInASentence) {
  const std::vector<std::pair<std::string, std::string>> lines = {
      {"lr", "'lr' is no setting like lr = 1e-3 or schedule = \"cosine\""},
      {"lr # = 1", "'lr # = 1' is no setting like lr = 1e-3 or schedule = \"cosine\""},
      {"\"lr\" = 1", "'\"lr\" = 1' is no setting like lr = 1e-3 or schedule = \"cosine\""},
      {"= 1",
       "'' is no name of a setting; names are those of the flags without dashes in front, like "
       "min-voters"},
      {"run.lr = 1",
       "'run.lr' is no name of a setting; names are those of the flags without dashes in front, "
       "like min-voters"},
      {"[run] # x",
       "there is no section [run]; a setting stands alone on its line, like lr = 1e-3"},
      {"[[run]]",
       "there is no section [[run]]; a setting stands alone on its line, like lr = 1e-3"},
      {"lr =", "lr: needs a value"},
      {"lr = # 1", "lr: needs a value"},
      {"lr = [1, 2]", "lr: takes one value, not a list"},
      {"lr = 1, 2", "lr: takes one value, not a list"},
      {"lr = {a = 1}", "lr: takes one value, not a table"},
      {"lr = 1 2", "lr: takes one value, but 2 follows it"},
      {"lr = \"a\"b", "lr: takes one value, but b follows it"},
      {"lr = \"a", "lr: the closing \" is missing"},
      {"lr = 'a\"", "lr: the closing ' is missing"},
      {"lr = \"a\\\"", "lr: the closing \" is missing"},
      {"lr = \"\"\"a\"\"\"",
       "lr: stands between three quotes; a value is on one line, between two"},
  };
  for (const auto& [line, sentence] : lines) EXPECT_EQ(refusal(line), sentence);
  for (const char* word :
       {R"("\q")", R"("\u12")", R"("\ud800")", R"("\U00110000")", R"("\u+123")", R"("\)"}) {
    EXPECT_EQ(refusal(std::string("a = ") + word),
              "a: has a backslash that means nothing; write \\\\ for one, or use single quotes "
              "('...')");
  }
}

TEST(ConfigText, NothingThatCouldDriveATerminalGetsThrough) {
  EXPECT_EQ(refusal(std::string_view("lr = 1\0", 7)),
            "holds a byte that no text has (0x00): is it a config file?");
  EXPECT_EQ(refusal("# \x1b[31m"), "holds a byte that no text has (0x1b): is it a config file?");
  EXPECT_EQ(refusal("\x7f"
                    "ELF"),
            "holds a byte that no text has (0x7f): is it a config file?");
  EXPECT_EQ(refusal("# \xc2\x9b"), "holds a byte that no text has (0x9b): is it a config file?");
  for (const char* word : {R"("\u001b[31m")", R"("\n")", R"("\u0000")", R"("\u009b")"}) {
    EXPECT_EQ(refusal(std::string("a = ") + word),
              "a: its value has a control character, which no setting takes");
  }
}

TEST(ConfigText, LongTextIsCutWhereItIsShownAndRefusedAsAValue) {
  EXPECT_EQ(
      refusal(std::string(1000, 'x')),
      "'" + std::string(40, 'x') + "...' is no setting like lr = 1e-3 or schedule = \"cosine\"");
  // Not within a character: 39 bytes, then one of two.
  EXPECT_TRUE(
      refusal(std::string(39, 'x') + "éé").starts_with("'" + std::string(39, 'x') + "...'"));
  const std::string key(kMostConfigKeyBytes, 'x');
  EXPECT_EQ(read(key + " = 1").key, key);
  EXPECT_TRUE(refusal(key + "x = 1")
                  .ends_with("...' is no name of a setting; names are those of the "
                             "flags without dashes in front, like min-voters"));
  EXPECT_EQ(read("a = \"" + std::string(kMostConfigValueBytes, 'x') + "\"").value.size(),
            kMostConfigValueBytes);
  EXPECT_EQ(refusal("a = \"" + std::string(kMostConfigValueBytes + 1, 'x') + "\""),
            "a: its value is longer than 4096 bytes");
}

TEST(ConfigText, WhatIsWrittenIsReadBack) {
  EXPECT_EQ(config_value_text("1e-3"), "1e-3");
  EXPECT_EQ(config_value_text("600"), "600");
  EXPECT_EQ(config_value_text("step:1,2"), "\"step:1,2\"");
  EXPECT_EQ(config_value_text("a\x01"
                              "b"),
            "\"a\\u0001b\"");
  for (const char* word :
       {"",       "a",       "true",  "007",         ".5",       "5.",     "0x10",
        "+5",     "1_0",     "1E5",   "nan",         "infinity", "a\"b",   "a'b",
        "a\"b'c", "C:\\new", "a # b", "mlp:256,128", "é",        "[1, 2]", " x "}) {
    EXPECT_EQ(read("a = " + config_value_text(word)).value, word);
  }
}

}  // namespace
}  // namespace psephos::config_text_test
