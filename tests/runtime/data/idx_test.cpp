#include "runtime/data/idx.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/runtime/data/idx_files.h"

namespace psephos {
namespace {

// The error of reading `bytes` as images (or labels), both as they are and gzipped: one sentence
// for both, without the path.
class BadIdx : public ::testing::Test {
 protected:
  std::string images_error(const FileBytes& bytes) { return error(bytes, &read_idx_images); }
  std::string labels_error(const FileBytes& bytes) { return error(bytes, &read_idx_labels); }

  template <class Read>
  std::string error(const FileBytes& bytes, Read read) {
    write_file(folder_ / "plain", bytes);
    write_gzip(folder_ / "packed.gz", bytes);
    const std::string plain = text(read(folder_ / "plain"), "plain");
    EXPECT_EQ(plain, text(read(folder_ / "packed.gz"), "packed.gz"));
    return plain;
  }

  template <class T>
  std::string text(const Result<T>& result, const std::string& name) {
    if (result.ok()) return "no error";
    const std::string prefix = (folder_ / name).string() + ": ";
    EXPECT_TRUE(result.error().text.starts_with(prefix)) << result.error().text;
    return result.error().text.substr(prefix.size());
  }

  TemporaryFolder folder_;
};

constexpr const char* kShort = "the file is cut short; fetch it again";

TEST(Idx, ReadsImagesPlainAndGzipped) {
  TemporaryFolder folder;
  write_file(folder / "images", idx_images(4));
  write_gzip(folder / "images.gz", idx_images(4));
  for (const char* name : {"images", "images.gz"}) {
    const auto images = read_idx_images(folder / name);
    ASSERT_TRUE(images.ok()) << images.error().text;
    EXPECT_EQ(images->shape(0), 4u);
    EXPECT_EQ(images->shape(1), 6u);
    for (std::size_t i = 0; i < 24; ++i) EXPECT_EQ((*images)(i / 6, i % 6), i);
  }
}

TEST(Idx, ReadsLabelsPlainAndGzipped) {
  TemporaryFolder folder;
  write_file(folder / "labels", idx_labels({3, 0, 255}));
  write_gzip(folder / "labels.gz", idx_labels({3, 0, 255}));
  for (const char* name : {"labels", "labels.gz"}) {
    const auto labels = read_idx_labels(folder / name);
    ASSERT_TRUE(labels.ok()) << labels.error().text;
    ASSERT_EQ(labels->size(), 3u);
    EXPECT_EQ((*labels)(0), 3);
    EXPECT_EQ((*labels)(2), 255);
  }
}

TEST_F(BadIdx, CutShortAnywhere) {
  const FileBytes whole = idx_images(3);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const FileBytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(images_error(part), kShort) << size << " bytes";
  }
  EXPECT_EQ(images_error(whole), "no error");
}

TEST_F(BadIdx, TrailingBytes) {
  FileBytes images = idx_images(3);
  images.push_back(0);
  EXPECT_EQ(images_error(images), "more bytes than its header says; fetch it again");
  FileBytes labels = idx_labels({1, 2});
  labels.push_back(0);
  EXPECT_EQ(labels_error(labels), "more bytes than its header says; fetch it again");
}

TEST_F(BadIdx, AnotherKindOfFile) {
  const FileBytes png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  EXPECT_EQ(images_error(png),
            "starts with 0x89504e47, not an IDX file of unsigned bytes (0x00000803)");
  EXPECT_EQ(labels_error(png),
            "starts with 0x89504e47, not an IDX file of unsigned bytes (0x00000801)");
  // IDX of floats.
  EXPECT_EQ(images_error(idx_bytes({0xD03, 1, 1, 1}, {0, 0, 0, 0})),
            "starts with 0x00000d03, not an IDX file of unsigned bytes (0x00000803)");
}

TEST_F(BadIdx, SwappedFiles) {
  EXPECT_EQ(images_error(idx_labels({1, 2})),
            "holds labels where images are expected; are two files swapped?");
  EXPECT_EQ(labels_error(idx_images(2)),
            "holds images where labels are expected; are two files swapped?");
}

TEST_F(BadIdx, NoSamples) {
  EXPECT_EQ(images_error(idx_bytes({kImages, 0, 28, 28}, {})), "holds no samples; use other data");
  EXPECT_EQ(images_error(idx_bytes({kImages, 5, 0, 28}, {})), "holds no samples; use other data");
  EXPECT_EQ(labels_error(idx_labels({})), "holds no samples; use other data");
}

TEST_F(BadIdx, HeaderThatSpeaksOfTerabytes) {
  const std::string expected =
      "its header speaks of more than 4294967296 bytes; use a smaller file";
  EXPECT_EQ(images_error(idx_bytes({kImages, 1u << 20, 1u << 10, 1u << 10}, {1, 2})), expected);
  // A product that is small modulo 2^64.
  EXPECT_EQ(images_error(idx_bytes({kImages, 1u << 31, 1u << 31, 4}, {1, 2})), expected);
  EXPECT_EQ(images_error(idx_bytes({kImages, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, {})), expected);
}

TEST_F(BadIdx, HeaderThatSpeaksOfMoreThanTheFileCanHold) {
  // Within the limit, and far more than this file unpacks to: refused before anything is allocated.
  EXPECT_EQ(images_error(idx_bytes({kImages, 4, 1u << 10, 1u << 20}, {1, 2})), kShort);
  EXPECT_EQ(labels_error(idx_bytes({kLabels, 0xFFFFFFFF}, {1, 2})), kShort);
}

TEST_F(BadIdx, DamagedOrTornGzip) {
  write_gzip(folder_ / "images.gz", idx_images(40));
  const FileBytes whole = read_file(folder_ / "images.gz");
  FileBytes checksum = whole;
  checksum[whole.size() - 6] ^= 1;
  write_file(folder_ / "packed.gz", checksum);
  EXPECT_EQ(text(read_idx_images(folder_ / "packed.gz"), "packed.gz"),
            "the file is damaged; fetch it again");

  for (std::size_t size = 2; size < whole.size(); ++size) {
    write_file(folder_ / "packed.gz",
               FileBytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_NE(text(read_idx_images(folder_ / "packed.gz"), "packed.gz"), "no error") << size;
  }
}

TEST_F(BadIdx, NoSuchFile) {
  EXPECT_EQ(text(read_idx_images(folder_ / "absent"), "absent"), "no such file");
  std::filesystem::create_directory(folder_ / "folder");
  EXPECT_EQ(text(read_idx_labels(folder_ / "folder"), "folder"), "not a file");
}

}  // namespace
}  // namespace psephos
