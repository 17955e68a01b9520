#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "runtime/data/partition.h"
#include "runtime/data/synthetic.h"

namespace psephos {
namespace {

Manifest manifest_of(const Dataset& data, const std::string& text, std::uint32_t parts,
                     std::uint32_t seed) {
  const PartitionRule rule = parse_partition(text).value();
  const std::span<const std::uint8_t> labels(data.train.labels.data(), data.train.size());
  const Partition partition = make_partition(rule, labels, data.classes, parts, seed).value();
  return make_manifest(data, rule, partition, seed);
}

TEST(Manifest, CountsSamplesAndLabels) {
  const Dataset data = make_synthetic(500, 10);
  const Manifest manifest = manifest_of(data, "shards:2", 5, 1);
  ASSERT_EQ(manifest.sizes.size(), 5u);
  ASSERT_EQ(manifest.label_histogram.size(), 5u);
  std::vector<std::uint64_t> per_class(data.classes);
  for (std::size_t p = 0; p < 5; ++p) {
    std::uint64_t size = 0;
    for (std::size_t c = 0; c < data.classes; ++c) {
      size += manifest.label_histogram[p][c];
      per_class[c] += manifest.label_histogram[p][c];
    }
    EXPECT_EQ(size, manifest.sizes[p]);
  }
  std::vector<std::uint64_t> expected(data.classes);
  for (const std::uint8_t label : data.train.labels) ++expected[label];
  EXPECT_EQ(per_class, expected);
}

TEST(Manifest, HashTellsEveryDifferenceApart) {
  const Dataset data = make_synthetic(500, 10);
  std::set<std::uint64_t> hashes;
  for (const char* rule :
       {"iid", "shards:1", "shards:2", "dirichlet:0.1", "dirichlet:0.2", "random:9"}) {
    for (const std::uint32_t parts : {4u, 5u}) {
      for (const std::uint32_t seed : {1u, 2u}) {
        hashes.insert(manifest_of(data, rule, parts, seed).hash);
      }
    }
  }
  EXPECT_EQ(hashes.size(), 24u);

  const std::uint64_t original = manifest_of(data, "iid", 5, 1).hash;
  Dataset pixel = data;
  FeatureTable::ByteTable pixels = *data.train.features.bytes();
  pixels(499, 63) ^= 1;
  pixel.train.features = std::move(pixels);
  EXPECT_NE(manifest_of(pixel, "iid", 5, 1).hash, original);
  Dataset label = data;
  label.train.labels(0) ^= 1;
  EXPECT_NE(manifest_of(label, "iid", 5, 1).hash, original);
}

TEST(Manifest, HashIsThatOfTheSamplesNotOfTheirName) {
  const Dataset data = make_synthetic(500, 10);
  Dataset elsewhere = make_synthetic(500, 20);
  elsewhere.name = "idx:elsewhere";
  EXPECT_EQ(manifest_of(elsewhere, "iid", 5, 1).hash, manifest_of(data, "iid", 5, 1).hash);
}

TEST(Manifest, HashOfFloatsIsThatOfTheirBits) {
  Dataset data = make_synthetic(3, 1);
  data.train.features = FeatureTable::FloatTable{{0.5f}, {1}, {2}};
  data.features = 1;
  const std::uint64_t original = manifest_of(data, "iid", 3, 1).hash;
  EXPECT_EQ(manifest_of(data, "iid", 3, 1).hash, original);
  data.train.features = FeatureTable::FloatTable{{0.50000006f}, {1}, {2}};
  EXPECT_NE(manifest_of(data, "iid", 3, 1).hash, original);
}

TEST(SamplesHash, IsOfValuesAndLabelsAlone) {
  const Dataset data = make_synthetic(500, 10);
  EXPECT_EQ(samples_hash(make_synthetic(500, 20).train), samples_hash(data.train));
  EXPECT_NE(samples_hash(data.test), samples_hash(data.train));
  Dataset label = data;
  label.train.labels(0) ^= 1;
  EXPECT_NE(samples_hash(label.train), samples_hash(data.train));
}

// Clients of older programs hold parts of the same data: the number may not change.
TEST(Manifest, HashOfBytesIsWhatItAlwaysWas) {
  EXPECT_EQ(manifest_of(make_synthetic(500, 10), "iid", 5, 1).hash, 0x20deca1781eee129ull);
}

}  // namespace
}  // namespace psephos
