#include "runtime/data/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace psephos {
namespace {

// Sample i holds i in two bytes.
Dataset numbered(std::size_t samples) {
  FeatureTable::ByteTable features(std::array<std::size_t, 2>{samples, 2});
  Dataset dataset;
  dataset.name = "numbered";
  dataset.train.labels.resize({samples});
  for (std::size_t i = 0; i < samples; ++i) {
    features(i, 0) = static_cast<std::uint8_t>(i & 0xff);
    features(i, 1) = static_cast<std::uint8_t>(i >> 8);
    dataset.train.labels(i) = static_cast<std::uint8_t>(i % 10);
  }
  dataset.train.features = std::move(features);
  dataset.test.features = FeatureTable::ByteTable{{9, 9}};
  dataset.test.labels = {9};
  dataset.features = 2;
  dataset.classes = 10;
  return dataset;
}

std::vector<std::size_t> numbers(const Samples& samples) {
  std::vector<std::size_t> numbers;
  const auto& table = *samples.features.bytes();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    numbers.push_back(table(i, 0) + 256u * table(i, 1));
    EXPECT_EQ(samples.labels(i), numbers.back() % 10);
  }
  return numbers;
}

Dataset split_of(std::size_t samples, double share, HeldBackAs purpose = HeldBackAs::kTest) {
  return hold_back(numbered(samples), share, purpose).value();
}

TEST(HoldBack, CutsEverySampleToOneSideInOrder) {
  for (const std::size_t samples : {2u, 3u, 10u, 999u}) {
    for (const double share : {0.0, 0.001, 0.2, 0.5, 0.9, 1.0}) {
      const Dataset split = split_of(samples, share);
      const auto train = numbers(split.train);
      const auto test = numbers(split.test);
      const double wanted = share * static_cast<double>(samples);
      const double most = static_cast<double>(samples) - 1;
      EXPECT_NEAR(static_cast<double>(test.size()), std::clamp(wanted, 1.0, most), 0.5);
      EXPECT_TRUE(std::ranges::is_sorted(train));
      EXPECT_TRUE(std::ranges::is_sorted(test));
      std::vector<std::size_t> all = train;
      all.insert(all.end(), test.begin(), test.end());
      std::ranges::sort(all);
      ASSERT_EQ(all.size(), samples);
      for (std::size_t i = 0; i < samples; ++i) EXPECT_EQ(all[i], i);
    }
  }
}

TEST(HoldBack, KeepsWhatTheDataSetIs) {
  const Dataset split = split_of(100, 0.2);
  EXPECT_EQ(split.name, "numbered");
  EXPECT_EQ(split.features, 2u);
  EXPECT_EQ(split.classes, 10u);
  EXPECT_EQ(split.test.size(), 20u);
}

TEST(HoldBack, IsTheSameEveryTimeAndOnEveryMachine) {
  EXPECT_EQ(numbers(split_of(20, 0.2).test), (std::vector<std::size_t>{6, 9, 15, 17}));
  EXPECT_EQ(numbers(split_of(1000, 0.2).test), numbers(split_of(1000, 0.2).test));
}

// Labels come in runs in many a file: the first samples would be of one class.
TEST(HoldBack, IsNotTheFirstSamplesButSomeOfAll) {
  const auto test = numbers(split_of(1000, 0.2).test);
  std::vector<int> in_tenth(10);
  for (const std::size_t number : test) ++in_tenth[number / 100];
  EXPECT_GT(*std::ranges::min_element(in_tenth), 8);
  EXPECT_LT(*std::ranges::max_element(in_tenth), 35);
}

TEST(HoldBack, ValidationSamplesAreOthersThanTestSamples) {
  const auto test = numbers(split_of(1000, 0.2, HeldBackAs::kTest).test);
  const auto validation = numbers(split_of(1000, 0.2, HeldBackAs::kValidation).test);
  std::vector<std::size_t> both;
  std::ranges::set_intersection(test, validation, std::back_inserter(both));
  EXPECT_LT(both.size(), 80u);  // by chance, 40
}

TEST(HoldBack, RefusesToSplitASingleSample) {
  const auto split = hold_back(numbered(1), 0.5, HeldBackAs::kTest);
  ASSERT_FALSE(split.ok());
  EXPECT_EQ(split.error().text, "numbered: 1 samples cannot be split in two; use other data");
}

}  // namespace
}  // namespace psephos
