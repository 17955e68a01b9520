#include "bench/kernels/row.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace psephos::bench {
namespace {

Row some_row(std::optional<Target> target) {
  Row row;
  row.kernel = "pack";
  row.isa = "portable";
  row.parameters = 1000;
  row.voters = 3;
  row.gb_s = 20;
  row.ns_per_parameter = 0.5;
  row.limit_gb_s = 25;
  row.ratio = 0.8;
  row.target = target;
  return row;
}

TEST(Row, IsJudgedByWhatItsTargetIsOf) {
  using Of = Target::Of;
  EXPECT_EQ(holds(some_row(std::nullopt)), std::nullopt);
  EXPECT_EQ(holds(some_row(Target{Of::kRatioAtLeast, 0.8})), true);
  EXPECT_EQ(holds(some_row(Target{Of::kRatioAtLeast, 0.81})), false);
  EXPECT_EQ(holds(some_row(Target{Of::kRatioAtMost, 0.8})), true);
  EXPECT_EQ(holds(some_row(Target{Of::kRatioAtMost, 0.79})), false);
  EXPECT_EQ(holds(some_row(Target{Of::kNanosecondsAtMost, 0.5})), true);
  EXPECT_EQ(holds(some_row(Target{Of::kNanosecondsAtMost, 0.4})), false);
  EXPECT_EQ(holds(some_row(Target{Of::kGigabytesAtLeast, 20})), true);
  EXPECT_EQ(holds(some_row(Target{Of::kGigabytesAtLeast, 21})), false);
}

TEST(Row, WithoutALimitReachesNoRatio) {
  Row row = some_row(Target{Target::Of::kRatioAtLeast, 0.1});
  row.ratio.reset();
  EXPECT_EQ(holds(row), false);
}

TEST(Row, IsOneObjectWithNullsWhereNothingIsKnown) {
  Row row = some_row(Target{Target::Of::kRatioAtLeast, 0.7});
  EXPECT_EQ(nlohmann::json::parse(to_json(row)), nlohmann::json({{"kernel", "pack"},
                                                                 {"isa", "portable"},
                                                                 {"d", 1000},
                                                                 {"voters", 3},
                                                                 {"gb_s", 20},
                                                                 {"ns_per_parameter", 0.5},
                                                                 {"limit_gb_s", 25},
                                                                 {"ratio", 0.8},
                                                                 {"target", 0.7},
                                                                 {"holds", true}}));
  row.limit_gb_s.reset();
  row.ratio.reset();
  row.target.reset();
  const nlohmann::json bare = nlohmann::json::parse(to_json(row));
  for (const char* key : {"limit_gb_s", "ratio", "target", "holds"}) {
    EXPECT_TRUE(bare.at(key).is_null()) << key;
  }
}

}  // namespace
}  // namespace psephos::bench
