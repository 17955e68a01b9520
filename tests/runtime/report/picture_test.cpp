#include "runtime/report/picture.h"

#include "tests/runtime/report/scratch.h"

namespace psephos {
namespace {

using PictureTest = ScratchTest;

Chart chart_of(const std::string& title) {
  Chart chart;
  chart.title = title;
  chart.x = rounds_axis();
  chart.series.push_back({"curve", {{1, 1}, {2, 4}, {3, 9}}});
  return chart;
}

TEST_F(PictureTest, EveryPictureLandsInItsFile) {
  write("second.svg", "an older picture");
  const std::vector<Picture> pictures = {{scratch_ / "first.svg", chart_of("The first")},
                                         {scratch_ / "second.svg", chart_of("The second")}};
  const Status drawn = draw(pictures);
  ASSERT_TRUE(drawn) << drawn.error().text;
  EXPECT_NE(contents(scratch_ / "first.svg").find(">The first<"), std::string::npos);
  EXPECT_NE(contents(scratch_ / "second.svg").find(">The second<"), std::string::npos);
}

TEST_F(PictureTest, AFolderThatIsGoneIsSaid) {
  const std::vector<Picture> pictures = {{scratch_ / "gone" / "a.svg", chart_of("a")}};
  const Status drawn = draw(pictures);
  ASSERT_FALSE(drawn);
  EXPECT_TRUE(drawn.error().text.starts_with("no pictures: ")) << drawn.error().text;
  EXPECT_NE(drawn.error().text.find("a.svg"), std::string::npos) << drawn.error().text;
}

TEST_F(PictureTest, NoPatienceIsNoPicture) {
  const std::vector<Picture> pictures = {{scratch_ / "a.svg", chart_of("a")}};
  EXPECT_FALSE(draw(pictures, std::chrono::milliseconds(0)));
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "a.svg"));
}

}  // namespace
}  // namespace psephos
