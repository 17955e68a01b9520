#include "runtime/data/npy_samples.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "runtime/base/philox.h"
#include "tests/runtime/formats/npy_files.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos {
namespace {

template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

class NpySamples : public ::testing::Test {
 protected:
  Result<FeatureTable> features(std::string_view file) {
    write_file(folder_ / "x.npy", file);
    return read_npy_features(folder_ / "x.npy");
  }
  auto labels(std::string_view file) {
    write_file(folder_ / "y.npy", file);
    return read_npy_labels(folder_ / "y.npy");
  }

  // Without the path, which comes first.
  template <class T>
  static std::string error_of(const Result<T>& result) {
    if (result) return "no error";
    const std::string& text = result.error().text;
    const std::size_t colon = text.find(".npy: ");
    EXPECT_NE(colon, std::string::npos) << text;
    return text.substr(colon + 6);
  }
  std::string features_error(std::string_view file) { return error_of(features(file)); }
  std::string labels_error(std::string_view file) { return error_of(labels(file)); }

  TemporaryFolder folder_;
};

TEST_F(NpySamples, BytesStayBytesInAnyShape) {
  for (const char* shape : {"(2, 4)", "(2, 2, 2)", "(2, 2, 2, 1)", "(2, 1, 1, 4)"}) {
    const auto table = features(npy_file("|u1", shape, "abcdefgh"));
    ASSERT_TRUE(table.ok()) << table.error().text;
    ASSERT_NE(table->bytes(), nullptr);
    EXPECT_EQ(table->rows(), 2u);
    EXPECT_EQ(table->columns(), 4u);
    EXPECT_EQ((*table->bytes())(1, 1), 'f');
  }
}

TEST_F(NpySamples, FloatsStayFloats) {
  const std::vector<float> values = {-1.5f, 0, 1e30f, 255, 3, 1e-40f};
  const auto table = features(npy_file("<f4", "(3, 2)", raw(values)));
  ASSERT_TRUE(table.ok()) << table.error().text;
  ASSERT_NE(table->floats(), nullptr);
  EXPECT_TRUE(std::equal(values.begin(), values.end(), table->floats()->begin()));
}

TEST_F(NpySamples, RefusesFloatsThatAreNotFinite) {
  const float bad[] = {std::numeric_limits<float>::quiet_NaN(),
                       std::numeric_limits<float>::infinity(),
                       -std::numeric_limits<float>::infinity()};
  for (const float value : bad) {
    std::vector<float> values(6);
    values[3] = value;
    const std::string error = features_error(npy_file("<f4", "(3, 2)", raw(values)));
    EXPECT_TRUE(error.starts_with("sample 1 (counted from 0) holds ")) << error;
    EXPECT_TRUE(error.ends_with("or save numpy.nan_to_num(x) instead of x")) << error;
  }
}

TEST_F(NpySamples, RefusesOtherShapes) {
  const std::string advice =
      "; features are of shape (n, f), (n, h, w) or (n, h, w, c): save x.reshape(len(x), -1) "
      "instead of x";
  EXPECT_EQ(features_error(npy_file("|u1", "(2,)", "ab")), "its shape is (2,)" + advice);
  EXPECT_EQ(features_error(npy_file("|u1", "()", "a")), "its shape is ()" + advice);
  EXPECT_EQ(features_error(npy_file("|u1", "(1, 1, 1, 1, 2)", "ab")),
            "its shape is (1, 1, 1, 1, 2)" + advice);
  EXPECT_EQ(features_error(npy_file("|u1", "(0, 5)", "")), "holds no samples; use other data");
  EXPECT_EQ(features_error(npy_file("|u1", "(5, 0)", "")), "holds no samples; use other data");
}

TEST_F(NpySamples, RefusesOtherTypesAndSaysHowToSave) {
  for (const char* type : {"<f8", "|b1", "<i8", "|i1", "<f2", "<u2", "<c8"}) {
    const std::size_t bytes = static_cast<std::size_t>(type[2] - '0');
    EXPECT_EQ(features_error(npy_file(type, "(1, 1)", std::string(bytes, '\0'))),
              "holds '" + std::string(type) +
                  "', wanted is one of '|u1', '<f4'; save x.astype('<f4') instead of x");
  }
  EXPECT_TRUE(features_error(npy_file("|O", "(1, 1)", "12345678")).ends_with("x.astype('<f4')"));
  EXPECT_EQ(features_error(npy_file(">f4", "(1, 1)", "1234")),
            "holds big-endian numbers ('>f4'); save x.astype('<f4') instead of x");
}

TEST_F(NpySamples, RefusesHeadersThatLie) {
  for (const char* shape : {"(4294967296, 4294967296)", "(1000000, 1000000)", "(3, 3)"}) {
    const std::string error = features_error(npy_file("<f4", shape, "12345678"));
    EXPECT_TRUE(error.starts_with("its header promises an array of shape " + std::string(shape)))
        << error;
  }
}

TEST_F(NpySamples, LabelsMayBeOfAnyWholeType) {
  const auto expect_labels = [this](const char* type, const std::string& bytes) {
    const auto read = labels(npy_file(type, "(3,)", bytes));
    ASSERT_TRUE(read.ok()) << read.error().text;
    EXPECT_EQ((*read)(0), 0);
    EXPECT_EQ((*read)(1), 9);
    EXPECT_EQ((*read)(2), 127);
  };
  expect_labels("|u1", raw(std::vector<std::uint8_t>{0, 9, 127}));
  expect_labels("|i1", raw(std::vector<std::int8_t>{0, 9, 127}));
  expect_labels("<u2", raw(std::vector<std::uint16_t>{0, 9, 127}));
  expect_labels("<i2", raw(std::vector<std::int16_t>{0, 9, 127}));
  expect_labels("<u4", raw(std::vector<std::uint32_t>{0, 9, 127}));
  expect_labels("<i4", raw(std::vector<std::int32_t>{0, 9, 127}));
  expect_labels("<u8", raw(std::vector<std::uint64_t>{0, 9, 127}));
  expect_labels("<i8", raw(std::vector<std::int64_t>{0, 9, 127}));
}

TEST_F(NpySamples, RefusesLabelsThatAreNoClasses) {
  const auto one = [this](const char* type, const std::string& bytes) {
    return labels_error(npy_file(type, "(1,)", bytes));
  };
  const std::string advice = ", labels are whole numbers from 0 to 255; number the classes from 0";
  EXPECT_EQ(one("|i1", raw(std::vector<std::int8_t>{-1})),
            "label 0 (counted from 0) is -1" + advice);
  EXPECT_EQ(one("<i4", raw(std::vector<std::int32_t>{256})),
            "label 0 (counted from 0) is 256" + advice);
  EXPECT_EQ(one("<i8", raw(std::vector<std::int64_t>{-(std::int64_t{1} << 40)})),
            "label 0 (counted from 0) is -1099511627776" + advice);
  EXPECT_EQ(one("<u8", raw(std::vector<std::uint64_t>{~std::uint64_t{0}})),
            "label 0 (counted from 0) is 18446744073709551615" + advice);
  EXPECT_EQ(one("<f4", raw(std::vector<float>{1})),
            "holds '<f4', labels are whole numbers; save y.astype('|u1') instead of y");
  EXPECT_EQ(one("|b1", "\x01"),
            "holds '|b1', labels are whole numbers; save y.astype('|u1') instead of y");
  EXPECT_EQ(labels_error(npy_file("|u1", "(2, 1)", "ab")),
            "its shape is (2, 1); labels are of shape (n,): save y.ravel() or, of one-hot rows, "
            "y.argmax(1) instead of y");
  EXPECT_EQ(labels_error(npy_file("|u1", "(0,)", "")), "holds no samples; use other data");
}

TEST_F(NpySamples, BothFilesHoldTheSameNumber) {
  write_file(folder_ / "x.npy", npy_file("|u1", "(2, 2)", "abcd"));
  write_file(folder_ / "y.npy", npy_file("|u1", "(2,)", std::string("\1\0", 2)));
  const auto samples = read_npy_samples(folder_ / "x.npy", folder_ / "y.npy");
  ASSERT_TRUE(samples.ok()) << samples.error().text;
  EXPECT_EQ(samples->size(), 2u);

  write_file(folder_ / "y.npy", npy_file("|u1", "(3,)", std::string("\1\0\1", 3)));
  const auto error = read_npy_samples(folder_ / "x.npy", folder_ / "y.npy").error().text;
  EXPECT_EQ(error, (folder_ / "x.npy").string() + " holds 2 samples, " +
                       (folder_ / "y.npy").string() + " holds 3 labels; use files of one set");
}

TEST_F(NpySamples, ADamagedFileIsRefusedOrReadAndNeverMore) {
  const std::string whole = npy_file("<f4", "(2, 2)", std::string(16, '\0'));
  for (std::uint32_t trial = 0; trial < 300; ++trial) {
    std::string damaged = whole;
    for (std::uint64_t i = 0; i < 1 + trial % 3; ++i) {
      const auto words = philox({trial, 0}, 0, Purpose::kFault, i);
      damaged[below(words[0], static_cast<std::uint32_t>(damaged.size()))] =
          static_cast<char>(words[1] & 0xff);
    }
    const auto table = features(damaged);
    if (table) {
      EXPECT_EQ(table->rows() * table->columns(), table->bytes() != nullptr ? 16u : 4u);
    }
  }
}

}  // namespace
}  // namespace psephos
