#include "runtime/data/synthetic.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <vector>

namespace psephos {
namespace {

std::uint64_t hash_of(const Samples& samples) {
  return XXH3_64bits(samples.features.bytes()->data(), samples.features.bytes()->size()) ^
         XXH3_64bits(samples.labels.data(), samples.labels.size());
}

TEST(Synthetic, HasTheSameBytesOnEveryMachine) {
  const Dataset data = make_synthetic();
  EXPECT_EQ(hash_of(data.train), 0x971553d1edabdfdcull);
  EXPECT_EQ(hash_of(data.test), 0x0d2049aa5312de7dull);
}

TEST(Synthetic, HasTenClassesOfSixtyFourFeatures) {
  const Dataset data = make_synthetic(2000, 300);
  EXPECT_EQ(data.name, "synthetic");
  EXPECT_EQ(data.features, 64u);
  EXPECT_EQ(data.classes, 10u);
  EXPECT_EQ(data.train.size(), 2000u);
  EXPECT_EQ(data.test.size(), 300u);
  EXPECT_EQ(data.train.features.columns(), 64u);
  std::vector<int> counts(10);
  for (const std::uint8_t label : data.train.labels) ++counts.at(label);
  EXPECT_GT(*std::min_element(counts.begin(), counts.end()), 150);
}

TEST(Synthetic, GrowsWithoutChangingItsFirstSamples) {
  const Dataset small = make_synthetic(10, 5);
  const Dataset large = make_synthetic(20, 8);
  EXPECT_TRUE(std::equal(small.train.features.bytes()->begin(), small.train.features.bytes()->end(),
                         large.train.features.bytes()->begin()));
  EXPECT_TRUE(
      std::equal(small.test.labels.begin(), small.test.labels.end(), large.test.labels.begin()));
}

}  // namespace
}  // namespace psephos
