#include "coordinator/core/setup.h"

#include <gtest/gtest.h>

#include "runtime/data/synthetic.h"

namespace psephos::coordinator {
namespace {

TEST(PrepareRun, GivesTheModelsTensorsAndAHeldOutSet) {
  const auto dataset = std::make_shared<const Dataset>(make_synthetic(10, 10));
  RunConfig config;
  config.hyper.model = "mlp:7";
  const auto prepared = prepare_run(config, dataset);
  ASSERT_TRUE(prepared.ok());
  EXPECT_EQ(parameter_count(prepared->tensors), 64u * 7 + 7 + 7 * 10 + 10);
  EXPECT_TRUE(prepared->held_out);
}

TEST(PrepareRun, RefusesAnUnknownModel) {
  const auto dataset = std::make_shared<const Dataset>(make_synthetic(10, 10));
  RunConfig config;
  config.hyper.model = "oracle";
  const auto prepared = prepare_run(config, dataset);
  ASSERT_FALSE(prepared.ok());
  EXPECT_NE(prepared.error().text.find("oracle"), std::string::npos);
}

}  // namespace
}  // namespace psephos::coordinator
