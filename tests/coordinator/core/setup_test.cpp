#include "coordinator/core/setup.h"

#include <gtest/gtest.h>

#include "runtime/data/synthetic.h"
#include "runtime/formats/npy.h"
#include "tests/runtime/formats/temporary_folder.h"

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

TEST(PrepareRun, TakesAnExternalModelFromItsFileAndNeedsNoData) {
  const TemporaryFolder folder;
  write_file(folder / "TENSORS.toml", "[[tensor]]\nname = 'w'\nshape = [3, 2]\ninit_scale = 0.5\n");
  RunConfig config;
  config.hyper.model = kExternalModel;
  config.tensors_file = (folder / "TENSORS.toml").string();
  const auto prepared = prepare_run(config, nullptr);
  ASSERT_TRUE(prepared.ok()) << prepared.error().text;
  EXPECT_EQ(prepared->tensors, (TensorTable{{"w", 0, 6, 0.5f}}));
  EXPECT_FALSE(prepared->held_out);
  EXPECT_TRUE(prepared->x_0.empty());
  config.tensors_file += ".missing";
  const auto missing = prepare_run(config, nullptr);
  ASSERT_FALSE(missing.ok());
  EXPECT_TRUE(missing.error().text.starts_with("--model: ")) << missing.error().text;
}

TEST(LoadInitialParameters, ReadsThemWhereThereIsAFileAndLeavesThemToBeDrawnElsewhere) {
  const TemporaryFolder folder;
  RunConfig config;
  PreparedRun prepared;
  prepared.tensors = {{"w", 0, 3, 0.5f}};
  ASSERT_TRUE(load_initial_parameters(config, prepared).ok());
  EXPECT_TRUE(prepared.x_0.empty());
  config.init_file = (folder / "x0.npy").string();
  write_file(config.init_file, npy_bytes(std::vector<float>{1, 2, 3}));
  ASSERT_TRUE(load_initial_parameters(config, prepared).ok());
  EXPECT_EQ(prepared.x_0, (AlignedVector<float>{1, 2, 3}));
  prepared.tensors[0].count = 4;
  const Status wrong = load_initial_parameters(config, prepared);
  ASSERT_FALSE(wrong.ok());
  EXPECT_TRUE(wrong.error().text.starts_with("--init: ")) << wrong.error().text;
}

}  // namespace
}  // namespace psephos::coordinator
