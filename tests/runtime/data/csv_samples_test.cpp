#include "runtime/data/csv_samples.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/base/philox.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos {
namespace {

class CsvSamples : public ::testing::Test {
 protected:
  Result<Samples> read(std::string_view text, std::string_view label_column = "label") {
    write_file(folder_ / "t.csv", text);
    return read_csv_samples(folder_ / "t.csv", label_column);
  }

  // Without the folder, which comes first.
  std::string error_of(std::string_view text, std::string_view label_column = "label") {
    const auto samples = read(text, label_column);
    if (samples) return "no error";
    const std::string folder = folder_.path().string() + "/";
    EXPECT_TRUE(samples.error().text.starts_with(folder)) << samples.error().text;
    return samples.error().text.substr(folder.size());
  }

  void expect_two_samples(std::string_view text, std::string_view label_column = "label") {
    const auto samples = read(text, label_column);
    ASSERT_TRUE(samples.ok()) << samples.error().text;
    ASSERT_NE(samples->features.bytes(), nullptr) << text;
    const FeatureTable::ByteTable expected{{1, 2}, {3, 255}};
    EXPECT_EQ(*samples->features.bytes(), expected) << text;
    EXPECT_EQ(samples->labels(0), 7);
    EXPECT_EQ(samples->labels(1), 0);
  }

  TemporaryFolder folder_;
};

TEST_F(CsvSamples, FindsTheLabelsByNameOrNumber) {
  expect_two_samples("a,b,label\n1,2,7\n3,255,0\n");
  expect_two_samples("label,a,b\n7,1,2\n0,3,255\n");
  expect_two_samples("a,label,b\n1,7,2\n3,0,255\n", "2");
  expect_two_samples("1,7,2\n3,0,255\n", "2");
}

TEST_F(CsvSamples, ANameWinsOverANumber) { expect_two_samples("x,y,1\n1,2,7\n3,255,0\n", "1"); }

TEST_F(CsvSamples, ReadsWhatSpreadsheetsWrite) {
  expect_two_samples(
      "\xEF\xBB\xBF"
      "a,b,label\r\n1,2,7\r\n3,255,0\r\n");
  expect_two_samples("\"a, or b\",\"say \"\"b\"\"\",\"label\"\n\"1\",2,\"7\"\n3,255,0");
  expect_two_samples(" a , b , label \n 1, 2 ,\t7\n+3,2.55e2,0.0\n");
  expect_two_samples("a,b,label\n\n1,2,7\n  \n3,255,0\n\n\n");
}

TEST_F(CsvSamples, KeepsFloatsFromTheFirstThatIsNoByte) {
  for (const char* odd : {"0.5", "-1", "256", "1e30", "1e-50"}) {
    const auto samples = read(fmt::format("1,2,0\n3,{},1\n4,5,2\n", odd), "3");
    ASSERT_TRUE(samples.ok()) << samples.error().text;
    ASSERT_NE(samples->features.floats(), nullptr) << odd;
    const auto& table = *samples->features.floats();
    EXPECT_EQ(table(0, 0), 1);
    EXPECT_EQ(table(0, 1), 2);
    EXPECT_EQ(table(1, 0), 3);
    EXPECT_EQ(table(1, 1), static_cast<float>(std::stod(odd)));
    EXPECT_EQ(table(2, 1), 5);
  }
}

TEST_F(CsvSamples, NamesTheCellThatIsNoNumber) {
  const std::string advice = "; replace it, or leave the row or the column away";
  for (const char* cell : {"nan", "NaN", "inf", "-Infinity", "1e39", "1e999", "red", "1.2.3", "0x1",
                           "1 2", "--1", "1;2"}) {
    EXPECT_EQ(
        error_of(fmt::format("a,b,label\n1,2,0\n3,{},1\n", cell)),
        fmt::format("t.csv, line 3, column 2 (b): \"{}\" is no number to compute with", cell) +
            advice);
  }
  EXPECT_EQ(error_of("1,2,0\n3,4,1\nnan,2,0\n", "3"),
            "t.csv, line 3, column 1: \"nan\" is no number to compute with" + advice);
  EXPECT_EQ(error_of("a,b,label\n1,,0\n"),
            "t.csv, line 2, column 2 (b): is empty; fill the gap, or leave the row or the column "
            "away");
}

TEST_F(CsvSamples, AGapInTheFirstLineDoesNotMakeItAHeader) {
  EXPECT_EQ(error_of("1,,0\n3,4,1\n", "3"),
            "t.csv, line 1, column 2: is empty; fill the gap, or leave the row or the column away");
  EXPECT_EQ(error_of("nan,1,0\n3,4,1\n", "3").substr(0, 25), "t.csv, line 1, column 1: ");
}

TEST_F(CsvSamples, NamesTheRowThatIsRagged) {
  EXPECT_EQ(error_of("a,b,label\n1,2,0\n3,4\n"),
            "t.csv, line 3: has 2 fields where the first line has 3; every row needs all columns");
  EXPECT_EQ(error_of("a,b,label\n1,2,0\n\n3,4,5,6\n"),
            "t.csv, line 4: has 4 fields where the first line has 3; every row needs all columns");
}

TEST_F(CsvSamples, NamesTheLabelThatIsNoClass) {
  for (const char* label : {"-1", "256", "1.5", "setosa", "nan", "", "1e999"}) {
    EXPECT_EQ(error_of(fmt::format("a,label\n1,0\n1,{}\n", label)),
              fmt::format("t.csv, line 3, column 2 (label): \"{}\" is no label; labels are whole "
                          "numbers from 0 to 255, number the classes from 0",
                          label));
  }
}

TEST_F(CsvSamples, NamesColumnsThatAreNotThere) {
  EXPECT_EQ(error_of("a,b,c\n1,2,0\n"),
            "t.csv, line 1: no column has the name label; there are a, b, c");
  EXPECT_EQ(error_of("a,b,c\n1,2,0\n", "4"),
            "t.csv, line 1: no column has the name 4; there are a, b, c");
  EXPECT_EQ(error_of("a,b,c,d,e,f,g,h,i,j\n"),
            "t.csv, line 1: no column has the name label; there are a, b, c, d, e, f, g, h and 2 "
            "more");
  EXPECT_EQ(error_of("label,b,label\n1,2,0\n"),
            "t.csv, line 1: 2 columns have the name label; give the column's number, counted from "
            "1");
  for (const char* number : {"label", "0", "3", "-1", "1x", "99999999999999999999"}) {
    EXPECT_EQ(error_of("1,2\n3,4\n", number),
              fmt::format("t.csv: has no line of column names and 2 columns, so the labels' column "
                          "cannot be {}; give its number, counted from 1",
                          number));
  }
}

TEST_F(CsvSamples, RefusesFilesThatAreNoTables) {
  EXPECT_EQ(error_of(""), "t.csv: holds no samples; use other data");
  EXPECT_EQ(error_of("\n \r\n"), "t.csv: holds no samples; use other data");
  EXPECT_EQ(error_of("a,label\n"), "t.csv: holds no samples; use other data");
  EXPECT_EQ(error_of("a;b;label\n1;2;0\n"),
            "t.csv, line 1: has one column only; wanted are labels and features with commas "
            "between them");
  EXPECT_EQ(error_of("a,label\n\"1,0\n2,1\n"),
            "t.csv, line 2: a quote is not closed; a field may not go on in the next line");
  EXPECT_EQ(error_of("a,label\n" + std::string(kMaxCsvLineBytes + 1, '1')),
            "t.csv, line 2: is longer than 1048576 bytes; is this the right file?");
  EXPECT_EQ(error_of(std::string(kMaxCsvColumns, ',') + "\n"),
            "t.csv, line 1: has more than 65536 columns; use fewer");
  EXPECT_EQ(read_csv_samples(folder_ / "none.csv", "1").error().text,
            (folder_ / "none.csv").string() + ": no such file");
}

TEST_F(CsvSamples, ReadsBackEveryTableOfNumbers) {
  for (std::uint32_t trial = 0; trial < 100; ++trial) {
    std::uint64_t draw = 0;
    const auto word = [&] { return philox_word({trial, 1}, 0, Purpose::kFault, draw++); };
    const std::size_t rows = 1 + below(word(), 20);
    const std::size_t columns = 1 + below(word(), 6);
    const bool bytes = trial % 2 == 0;
    std::string text;
    std::vector<float> values;
    std::vector<std::uint8_t> labels;
    for (std::size_t r = 0; r < rows; ++r) {
      labels.push_back(static_cast<std::uint8_t>(below(word(), 256)));
      text += std::to_string(labels.back());
      for (std::size_t c = 0; c < columns; ++c) {
        const float value = bytes ? static_cast<float>(below(word(), 256))
                                  : static_cast<float>(static_cast<std::int32_t>(word())) * 1e-7f;
        values.push_back(value);
        text += fmt::format(",{}", value);
      }
      text += "\n";
    }
    const auto samples = read(text, "1");
    ASSERT_TRUE(samples.ok()) << samples.error().text;
    ASSERT_EQ(samples->features.rows(), rows);
    ASSERT_EQ(samples->features.columns(), columns);
    EXPECT_EQ(samples->features.bytes() != nullptr, bytes);
    for (std::size_t r = 0; r < rows; ++r) {
      std::vector<float> row(columns);
      samples->features.normalise(r, {.scale = 1, .offset = 0}, row);
      EXPECT_EQ(
          row, std::vector<float>(values.begin() + static_cast<std::ptrdiff_t>(r * columns),
                                  values.begin() + static_cast<std::ptrdiff_t>((r + 1) * columns)));
      EXPECT_EQ(samples->labels(r), labels[r]);
    }
  }
}

}  // namespace
}  // namespace psephos
