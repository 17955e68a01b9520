#include "simulator/text_table.h"

#include <gtest/gtest.h>

namespace psephos::simulator {
namespace {

TEST(TextTable, LinesItsColumnsUp) {
  TextTable table({"run", "rounds", "loss", "settings"}, 1);
  table.add({"a", "5", "0.25", "lr=1"});
  table.add({"longer", "1000", "-", ""});
  EXPECT_EQ(table.text(),
            "run     rounds  loss  settings\n"
            "a            5  0.25  lr=1\n"
            "longer    1000     -\n");
}

TEST(TextTable, MeasuresCharactersAndNotBytes) {
  TextTable table({"run", "n"}, 1);
  table.add({"\xc3\xa4\xc3\xb6", "1"});
  table.add({"abc", "2"});
  EXPECT_EQ(table.text(), "run  n\n\xc3\xa4\xc3\xb6   1\nabc  2\n");
}

TEST(TextTable, TakesNoCommandsFromAForeignFile) {
  TextTable table({"run", "n"}, 1);
  table.add({"a\x1b[2Jb\n", "1"});
  EXPECT_NE(table.text().find("a?[2Jb?"), std::string::npos);
}

}  // namespace
}  // namespace psephos::simulator
