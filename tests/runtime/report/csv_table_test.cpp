#include "runtime/report/csv_table.h"

#include <cmath>

#include "tests/runtime/report/scratch.h"

namespace psephos {
namespace {

using CsvTableTest = ScratchTest;

TEST(CsvField, IsQuotedOnlyWhereItHasTo) {
  EXPECT_EQ(csv_field("plain text"), "plain text");
  EXPECT_EQ(csv_field(""), "");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
}

TEST(CsvField, IsReadBackAsItWas) {
  for (const std::string text :
       {"", "plain", "a,b", "\"", "\"\"", ",", "a\"b,\"c\"", "model=256,128"}) {
    const auto fields = split_csv_line("first," + csv_field(text) + ",last");
    ASSERT_TRUE(fields);
    EXPECT_EQ(*fields, (std::vector<std::string>{"first", text, "last"}));
  }
}

TEST(CsvField, AnOpenQuoteIsAnError) {
  EXPECT_FALSE(split_csv_line("a,\"b,c"));
  EXPECT_EQ(split_csv_line("")->size(), 1U);
}

TEST_F(CsvTableTest, GivesTheColumnsThatWereAskedForInThatOrder) {
  auto table = CsvReader::open(write("t.csv", "a,b,c\n1,2,3\n4,,6\n"), {"c", "b"});
  ASSERT_TRUE(table) << table.error().text;
  ASSERT_TRUE(*table->next());
  EXPECT_EQ(table->text(0), "3");
  EXPECT_EQ(*table->number(1), 2);
  ASSERT_TRUE(*table->next());
  EXPECT_EQ(*table->number(0), 6);
  EXPECT_TRUE(std::isnan(*table->number(1)));  // empty
  EXPECT_FALSE(*table->next());
}

TEST_F(CsvTableTest, ALastLineWithoutItsEndIsNoRow) {
  auto table = CsvReader::open(write("t.csv", "a\n1\n2"), {"a"});
  ASSERT_TRUE(table);
  EXPECT_TRUE(*table->next());
  EXPECT_FALSE(*table->next());
}

TEST_F(CsvTableTest, NamesTheLineOfWhatIsDamaged) {
  auto ragged = CsvReader::open(write("r.csv", "a,b\n1,2\n3\n"), {"a"});
  ASSERT_TRUE(*ragged->next());
  const auto row = ragged->next();
  ASSERT_FALSE(row);
  EXPECT_NE(row.error().text.find("r.csv, line 3: has 1 fields, the header 2"), std::string::npos)
      << row.error().text;

  auto word = CsvReader::open(write("w.csv", "a\n1\n2x\n"), {"a"});
  ASSERT_TRUE(*word->next());
  EXPECT_TRUE(word->number(0));
  ASSERT_TRUE(*word->next());
  ASSERT_FALSE(word->number(0));
  EXPECT_NE(word->number(0).error().text.find("line 3: a is not a number: \"2x\""),
            std::string::npos);

  auto quote = CsvReader::open(write("q.csv", "a\n\"1\n"), {"a"});
  EXPECT_FALSE(quote->next());
}

TEST_F(CsvTableTest, RefusesALineWithoutEnd) {
  const std::string longest(CsvReader::kMostLineBytes, 'x');
  auto fits = CsvReader::open(write("f.csv", "a\n" + longest + "\n"), {"a"});
  ASSERT_TRUE(*fits->next());
  EXPECT_EQ(fits->text(0), longest);
  auto longer = CsvReader::open(write("l.csv", "a\n" + longest + "x\n"), {"a"});
  const auto row = longer->next();
  ASSERT_FALSE(row);
  EXPECT_NE(row.error().text.find("line 2: is longer than 65535 bytes"), std::string::npos);
}

TEST_F(CsvTableTest, NeedsAHeaderWithTheColumns) {
  const auto text_of = [](const Result<CsvReader>& table) {
    return table ? std::string("opened") : table.error().text;
  };
  EXPECT_NE(text_of(CsvReader::open(scratch_ / "missing.csv", {"a"})).find("is no file"),
            std::string::npos);
  EXPECT_NE(text_of(CsvReader::open(write("e.csv", ""), {"a"})).find("has no header line"),
            std::string::npos);
  EXPECT_NE(text_of(CsvReader::open(write("o.csv", "b\n"), {"a"})).find("has no column a"),
            std::string::npos);
  EXPECT_NE(text_of(CsvReader::open(scratch_, {"a"})), "opened");
}

}  // namespace
}  // namespace psephos
