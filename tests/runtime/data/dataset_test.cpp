#include "runtime/data/dataset.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "tests/contains.h"
#include "tests/runtime/data/idx_files.h"
#include "tests/runtime/formats/npy_files.h"

namespace psephos {
namespace {

using psephos::testing::contains;

// Four good files; tests then spoil one.
class IdxFolder : public ::testing::Test {
 protected:
  IdxFolder() {
    write_file(folder_ / "train-images-idx3-ubyte", idx_images(4));
    write_file(folder_ / "train-labels-idx1-ubyte", idx_labels({0, 2, 1, 2}));
    write_file(folder_ / "t10k-images-idx3-ubyte", idx_images(2));
    write_file(folder_ / "t10k-labels-idx1-ubyte", idx_labels({2, 0}));
  }

  Result<DatasetRef> load() { return load_dataset("idx:" + folder_.path().string()); }

  void expect_error(const std::string& part) {
    const Result<DatasetRef> data = load();
    ASSERT_FALSE(data.ok());
    EXPECT_TRUE(contains(data.error().text, part)) << data.error().text;
  }

  TemporaryFolder folder_;
};

TEST_F(IdxFolder, LoadsFourFiles) {
  const Result<DatasetRef> data = load();
  ASSERT_TRUE(data.ok()) << data.error().text;
  EXPECT_EQ((*data)->name, "idx:" + folder_.path().string());
  EXPECT_EQ((*data)->features, 6u);
  EXPECT_EQ((*data)->classes, 3u);
  EXPECT_EQ((*data)->train.size(), 4u);
  EXPECT_EQ((*data)->test.size(), 2u);
  EXPECT_EQ((*(*data)->train.features.bytes())(3, 5), 23);
  EXPECT_EQ((*data)->test.labels(0), 2);
}

TEST_F(IdxFolder, LoadsGzippedFilesBesidePlainOnes) {
  std::filesystem::remove(folder_ / "train-images-idx3-ubyte");
  write_gzip(folder_ / "train-images-idx3-ubyte.gz", idx_images(4));
  const Result<DatasetRef> data = load();
  ASSERT_TRUE(data.ok()) << data.error().text;
  EXPECT_EQ((*(*data)->train.features.bytes())(3, 5), 23);
}

TEST_F(IdxFolder, HasTwoClassesAtLeast) {
  write_file(folder_ / "train-labels-idx1-ubyte", idx_labels({0, 0, 0, 0}));
  write_file(folder_ / "t10k-labels-idx1-ubyte", idx_labels({0, 1}));
  const Result<DatasetRef> data = load();
  ASSERT_TRUE(data.ok()) << data.error().text;
  EXPECT_EQ((*data)->classes, 2u);
}

TEST_F(IdxFolder, NamesTheFileThatIsMissing) {
  std::filesystem::remove(folder_ / "t10k-labels-idx1-ubyte");
  expect_error("has neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz");
}

TEST_F(IdxFolder, RefusesImagesAndLabelsOfDifferentNumber) {
  write_file(folder_ / "train-labels-idx1-ubyte", idx_labels({0, 2, 1}));
  expect_error("holds 3 labels; use files of one set");
}

TEST_F(IdxFolder, RefusesTestLabelsThatTrainingNeverShows) {
  write_file(folder_ / "t10k-labels-idx1-ubyte", idx_labels({2, 3}));
  expect_error("labels beyond the model's classes (3 in the training set, test label 3)");
}

TEST_F(IdxFolder, RefusesTestImagesOfAnotherSize) {
  write_file(folder_ / "t10k-images-idx3-ubyte", idx_bytes({0x803, 2, 1, 2}, {1, 2, 3, 4}));
  expect_error("training images have 6 bytes, test images 2");
}

TEST_F(IdxFolder, PassesOnWhatIsWrongWithAFile) {
  write_file(folder_ / "train-images-idx3-ubyte", idx_labels({1}));
  expect_error("train-images-idx3-ubyte: holds labels where images are expected");
}

TEST(LoadDataset, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(load_dataset("mnist").error().text,
            "--dataset mnist: unknown; known are fashion-mnist, synthetic, idx:DIR, "
            "npy:IMAGES,LABELS and csv:FILE:LABEL_COLUMN");
  EXPECT_TRUE(contains(load_dataset("").error().text, "known are"));
  EXPECT_TRUE(contains(load_dataset("idx:").error().text, "no such folder"));
  EXPECT_TRUE(contains(load_dataset("idx:/nowhere/at/all").error().text, "no such folder"));
}

TEST(LoadDataset, TellsAWordItDoesNotKnowFromDataThatIsNotThere) {
  EXPECT_FALSE(check_dataset_words("mnist").ok());
  EXPECT_FALSE(check_dataset_words("").ok());
  for (const char* known : {"fashion-mnist", "synthetic", "idx:/no/such/folder"}) {
    EXPECT_TRUE(check_dataset_words(known).ok()) << known;
  }
}

TEST(LoadDataset, WordsOfOwnDataNameEverythingThatIsNeeded) {
  for (const char* whole : {"npy:a,b", "npy:/x/images.npy,labels.npy", "csv:a:b", "csv:a:1",
                            "csv:C:\\data\\a.csv:label"}) {
    EXPECT_TRUE(check_dataset_words(whole).ok()) << whole;
  }
  for (const char* half : {"npy:", "npy:a", "npy:a,", "npy:,b", "npy:a,b,c"}) {
    EXPECT_EQ(check_dataset_words(half).error().text,
              "--dataset " + std::string(half) +
                  ": give two files with a comma between them, as in npy:images.npy,labels.npy");
  }
  for (const char* half : {"csv:", "csv:a", "csv:a:", "csv::b"}) {
    EXPECT_EQ(check_dataset_words(half).error().text,
              "--dataset " + std::string(half) +
                  ": give a file and its column of labels, by name or counted from 1, as in "
                  "csv:irises.csv:species");
  }
}

TEST(LoadDataset, ATestFractionIsForDataWithoutATestSet) {
  EXPECT_TRUE(check_dataset_words("csv:a:b", 0.25).ok());
  EXPECT_TRUE(check_dataset_words("npy:a,b", 0.0).ok());
  for (const double wrong : {-0.1, 0.95, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_TRUE(contains(check_dataset_words("npy:a,b", wrong).error().text, "--test-fraction"));
  }
  for (const char* words : {"fashion-mnist", "synthetic", "idx:/no/such/folder"}) {
    EXPECT_EQ(check_dataset_words(words, 0.25).error().text,
              "--test-fraction: " + std::string(words) +
                  " brings a test set of its own; leave the flag away");
  }
}

TEST(LoadDataset, HoldsATestSetBackFromOwnData) {
  const TemporaryFolder folder;
  std::string table = "a,b,kind\n";
  std::string features;
  std::string labels;
  for (int i = 0; i < 50; ++i) {
    table += fmt::format("{},{},{}\n", i, 2 * i, i % 4);
    features += {static_cast<char>(i), static_cast<char>(2 * i)};
    labels += static_cast<char>(i % 4);
  }
  write_file(folder / "t.csv", table);
  write_file(folder / "x.npy", npy_file("|u1", "(50, 2)", features));
  write_file(folder / "y.npy", npy_file("|u1", "(50,)", labels));
  const std::string csv = "csv:" + (folder / "t.csv").string() + ":kind";
  const std::string npy = "npy:" + (folder / "x.npy").string() + "," + (folder / "y.npy").string();

  for (const std::string& words : {csv, npy}) {
    const auto whole = load_dataset(words);
    ASSERT_TRUE(whole.ok()) << whole.error().text;
    EXPECT_EQ((*whole)->name, words);
    EXPECT_EQ((*whole)->features, 2u);
    EXPECT_EQ((*whole)->classes, 4u);
    EXPECT_EQ((*whole)->train.size(), 40u);
    EXPECT_EQ((*whole)->test.size(), 10u);

    const auto other = load_dataset(words, DatasetParts::kTrainAndTest, 0.5);
    EXPECT_EQ((*other)->test.size(), 25u);
    // A client trains on what the others train on, and may hold nothing back.
    const auto client = load_dataset(words, DatasetParts::kTrainOnly);
    EXPECT_EQ(*(*client)->train.features.bytes(), *(*whole)->train.features.bytes());
    EXPECT_EQ((*client)->train.labels, (*whole)->train.labels);
    EXPECT_EQ((*client)->test.size(), 0u);
    EXPECT_EQ((*load_dataset(words, DatasetParts::kTrainOnly, 0))->train.size(), 50u);
  }
  // The same samples in either format.
  EXPECT_EQ(*(*load_dataset(csv))->test.features.bytes(),
            *(*load_dataset(npy))->test.features.bytes());
}

TEST(LoadDataset, LoadsFashionMnist) {
  const Result<DatasetRef> data = load_dataset("fashion-mnist");
  if (!data.ok() && contains(data.error().text, "install the package")) {
    GTEST_SKIP() << data.error().text;
  }
  ASSERT_TRUE(data.ok()) << data.error().text;
  EXPECT_EQ((*data)->name, "fashion-mnist");
  EXPECT_EQ((*data)->train.size(), 60'000u);
  EXPECT_EQ((*data)->test.size(), 10'000u);
  EXPECT_EQ((*data)->features, 784u);
  EXPECT_EQ((*data)->classes, 10u);
  std::vector<int> counts(10);
  for (const std::uint8_t label : (*data)->train.labels) ++counts[label];
  EXPECT_EQ(counts, std::vector<int>(10, 6000));
}

TEST(Gather, NormalisesTheChosenRows) {
  Samples samples;
  samples.features = FeatureTable::ByteTable{{0, 1, 2}, {3, 4, 5}, {253, 254, 255}};
  samples.labels = {7, 8, 9};
  const std::vector<std::uint32_t> indices{2, 0, 2};
  AlignedVector<float> inputs(9);
  std::vector<std::uint8_t> labels(3);
  gather(samples, indices, {.scale = 0.5f, .offset = -1}, inputs, labels);
  EXPECT_EQ(labels, std::vector<std::uint8_t>({9, 7, 9}));
  const AlignedVector<float> expected{125.5f, 126, 126.5f, -1, -0.5f, 0, 125.5f, 126, 126.5f};
  EXPECT_EQ(inputs, expected);
}

TEST(GatherDeathTest, RefusesAnIndexBeyondTheSamples) {
  const Samples samples{FeatureTable::ByteTable{{1, 2}}, {0}};
  const std::vector<std::uint32_t> indices{1};
  AlignedVector<float> inputs(2);
  std::vector<std::uint8_t> labels(1);
  EXPECT_DEATH(gather(samples, indices, {}, inputs, labels), "beyond the samples");
}

}  // namespace
}  // namespace psephos
