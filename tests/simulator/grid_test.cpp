#include "simulator/grid.h"

#include <gtest/gtest.h>

#include <limits>

namespace psephos::simulator {
namespace {

TEST(Grid, IsReadAxisByAxis) {
  const auto grid = parse_grid("lr=1e-4,3e-4,1e-3  beta=0.9,0.99");
  ASSERT_TRUE(grid) << grid.error().text;
  EXPECT_EQ(grid->axes,
            (std::vector<GridAxis>{{"lr", {"1e-4", "3e-4", "1e-3"}}, {"beta", {"0.9", "0.99"}}}));
  EXPECT_EQ(*parse_grid(" \t--lr=1 \n"), (Grid{{{"lr", {"1"}}}}));
}

TEST(Grid, ValuesWithCommasStandBetweenSemicolons) {
  const auto grid = parse_grid("model=softmax;mlp:128;mlp:256,128");
  ASSERT_TRUE(grid);
  EXPECT_EQ(grid->axes[0].values, (std::vector<std::string>{"softmax", "mlp:128", "mlp:256,128"}));
}

TEST(Grid, CountsItsPointsWithTheLastAxisTurningFastest) {
  const Grid grid = *parse_grid("lr=1,2,3 beta=4,5");
  ASSERT_EQ(grid.points(), 6U);
  EXPECT_EQ(grid.point(0), (std::vector<std::string>{"1", "4"}));
  EXPECT_EQ(grid.point(1), (std::vector<std::string>{"1", "5"}));
  EXPECT_EQ(grid.point(5), (std::vector<std::string>{"3", "5"}));
  EXPECT_EQ(grid.in_words(2), "lr=2 beta=4");
}

TEST(Grid, TooManyPointsAreTheLargestNumberThereIs) {
  Grid grid;
  for (int i = 0; i < 70; ++i) grid.axes.push_back({"key", {"1", "2"}});
  EXPECT_EQ(grid.points(), std::numeric_limits<std::uint64_t>::max());
}

TEST(Grid, RefusesWhatIsNone) {
  const auto expect_error = [](const char* text, const char* part) {
    const auto grid = parse_grid(text);
    ASSERT_FALSE(grid) << text;
    EXPECT_TRUE(grid.error().text.starts_with("--grid: ")) << grid.error().text;
    EXPECT_NE(grid.error().text.find(part), std::string::npos) << grid.error().text;
  };
  expect_error("", "is empty");
  expect_error("  ", "is empty");
  expect_error("lr", "\"lr\" is not like lr=1e-4,1e-3");
  expect_error("=1", "is not like");
  expect_error("lr=", "is not like");
  expect_error("--=1", "is not like");
  expect_error("lr=1,,2", "lr has an empty value");
  expect_error("lr=1,", "lr has an empty value");
  expect_error("lr=1 beta=2 lr=3", "lr is there twice");
  expect_error("lr=1e-3,0.001", "lr=0.001 is there twice");
  expect_error("model=a;a", "model=a is there twice");
}

}  // namespace
}  // namespace psephos::simulator
