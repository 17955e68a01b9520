#include "runtime/formats/line_reader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/runtime/formats/temporary_folder.h"

namespace psephos {
namespace {

using Lines = std::vector<std::string>;

class LineReaderTest : public ::testing::Test {
 protected:
  LineReader open(std::string_view text, std::size_t most = 200) {
    write_file(folder_ / "text", text);
    return LineReader(std::move(InputFile::open(folder_ / "text")).value(), most);
  }

  Lines lines(std::string_view text) {
    LineReader reader = open(text);
    Lines lines;
    for (;;) {
      const auto line = reader.next();
      if (!line || !*line) break;
      lines.emplace_back(**line);
    }
    return lines;
  }

  TemporaryFolder folder_;
};

TEST_F(LineReaderTest, GivesEveryLineWithoutItsEnd) {
  EXPECT_EQ(lines(""), Lines{});
  EXPECT_EQ(lines("\n"), Lines{""});
  EXPECT_EQ(lines("a\nbc\n"), (Lines{"a", "bc"}));
  EXPECT_EQ(lines("a\n\nbc"), (Lines{"a", "", "bc"}));
  EXPECT_EQ(lines("a\r\nbc\r\n"), (Lines{"a", "bc"}));
}

TEST_F(LineReaderTest, LeavesOutAByteOrderMarkAtTheStartAlone) {
  EXPECT_EQ(lines("\xEF\xBB\xBF"
                  "a\n\xEF\xBB\xBF"
                  "b"),
            (Lines{"a",
                   "\xEF\xBB\xBF"
                   "b"}));
}

TEST_F(LineReaderTest, ReadsFilesOfManyBuffers) {
  std::string text;
  Lines expected;
  for (int i = 0; i < 20'000; ++i) {
    expected.push_back(std::string(static_cast<std::size_t>(i % 97), 'x') + std::to_string(i));
    text += expected.back() + "\n";
  }
  ASSERT_GT(text.size(), 1'000'000u);
  EXPECT_EQ(lines(text), expected);
}

TEST_F(LineReaderTest, NamesTheLineThatIsTooLong) {
  LineReader reader = open("abc\nabcd\n", 3);
  EXPECT_EQ(**reader.next(), "abc");
  const auto line = reader.next();
  ASSERT_FALSE(line.ok());
  EXPECT_EQ(line.error().text, (folder_ / "text").string() +
                                   ", line 2: is longer than 3 bytes; is this the right file?");
}

TEST_F(LineReaderTest, BoundsALineThatNeverEnds) {
  LineReader reader = open(std::string(3'000'000, 'x'), 1000);
  EXPECT_FALSE(reader.next().ok());
}

TEST_F(LineReaderTest, DoesNotWaitForAPipe) {
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(InputFile::open(folder_ / "pipe").error().text,
            (folder_ / "pipe").string() + ": not a file");
}

}  // namespace
}  // namespace psephos
