#include "runtime/data/feature_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace psephos {
namespace {

TEST(FeatureTable, NormalisesBytesAndFloatsAlikeToTheBit) {
  FeatureTable::ByteTable bytes({1, 256});
  FeatureTable::FloatTable floats({1, 256});
  for (std::size_t i = 0; i < 256; ++i) {
    bytes(0, i) = static_cast<std::uint8_t>(i);
    floats(0, i) = static_cast<float>(i);
  }
  for (const Normalisation normalisation :
       {Normalisation{}, Normalisation{0.0625f, 0}, Normalisation{0.1f, -1.7f}}) {
    std::vector<float> from_bytes(256);
    std::vector<float> from_floats(256);
    FeatureTable(bytes).normalise(0, normalisation, from_bytes);
    FeatureTable(floats).normalise(0, normalisation, from_floats);
    EXPECT_EQ(from_bytes, from_floats);
    EXPECT_EQ(from_bytes[200], 200.0f * normalisation.scale + normalisation.offset);
  }
}

TEST(FeatureTable, TakesRowsInTheirOrder) {
  const std::vector<std::uint32_t> rows{2, 0};
  const FeatureTable bytes(FeatureTable::ByteTable{{1, 2}, {3, 4}, {5, 6}});
  EXPECT_EQ(*bytes.take(rows).bytes(), (FeatureTable::ByteTable{{5, 6}, {1, 2}}));
  const FeatureTable floats(FeatureTable::FloatTable{{0.5f}, {1.5f}, {2.5f}});
  EXPECT_EQ(*floats.take(rows).floats(), (FeatureTable::FloatTable{{2.5f}, {0.5f}}));
  EXPECT_EQ(floats.take({}).rows(), 0u);
  EXPECT_EQ(floats.take({}).columns(), 1u);
}

TEST(FeatureTableDeathTest, RefusesARowBeyondItsLast) {
  const FeatureTable table(FeatureTable::ByteTable{{1, 2}});
  std::vector<float> out(2);
  EXPECT_DEATH(table.normalise(1, {}, out), "beyond the samples");
}

}  // namespace
}  // namespace psephos
