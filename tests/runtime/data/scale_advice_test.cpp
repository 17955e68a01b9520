#include "runtime/data/scale_advice.h"

#include <gtest/gtest.h>

namespace psephos {
namespace {

Dataset holding(FeatureTable features) {
  Dataset dataset;
  dataset.train.features = std::move(features);
  return dataset;
}

TEST(ScaleAdvice, IsSilentWhereFeaturesAreAboutOne) {
  const Dataset pixels = holding(FeatureTable::ByteTable{{0, 255}});
  EXPECT_EQ(scale_advice(pixels, {}), std::nullopt);
  const Dataset standardised = holding(FeatureTable::FloatTable{{-3.1f, 2.5f}});
  EXPECT_EQ(scale_advice(standardised, {.scale = 1, .offset = 0}), std::nullopt);
}

TEST(ScaleAdvice, NamesTheRangeAndWhatToDo) {
  const Dataset digits = holding(FeatureTable::ByteTable{{0, 16}, {3, 4}});
  EXPECT_EQ(scale_advice(digits, {}),
            "features lie within 0 and 16, and --normalisation unit makes numbers of size 0.063 of "
            "them; models learn best from about 1: consider --normalisation 0.0625:0");
  const Dataset wide = holding(FeatureTable::FloatTable{{-2000, 500}});
  const auto advice = scale_advice(wide, {.scale = 1, .offset = 0});
  ASSERT_TRUE(advice);
  EXPECT_TRUE(advice->ends_with("consider --normalisation 0.0005:0")) << *advice;
  EXPECT_TRUE(scale_advice(holding(FeatureTable::FloatTable{{-3.1f, 2.5f}}), {}));
}

TEST(ScaleAdvice, HasNoneForDataWithoutAnySize) {
  EXPECT_EQ(scale_advice(holding(FeatureTable::ByteTable{{0, 0}}), {}), std::nullopt);
  EXPECT_EQ(scale_advice(holding(FeatureTable::FloatTable{{1e-44f}}), {}), std::nullopt);
  EXPECT_EQ(scale_advice(holding({}), {}), std::nullopt);
}

}  // namespace
}  // namespace psephos
