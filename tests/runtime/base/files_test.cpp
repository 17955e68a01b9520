#include "runtime/base/files.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace psephos {
namespace {

namespace fs = std::filesystem;

class FilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "psephos-files-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    scratch_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(scratch_, ignored);
  }

  fs::path scratch_;
};

TEST_F(FilesTest, MakesAFolderWithItsParentsOnce) {
  const fs::path deep = scratch_ / "a" / "b";
  const auto first = make_out_folder(deep);
  ASSERT_TRUE(first);
  EXPECT_TRUE(*first);
  EXPECT_TRUE(is_there(deep));
  const auto again = make_out_folder(deep);
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
}

TEST_F(FilesTest, RefusesAFolderWhereSomethingElseHasTheName) {
  std::ofstream(scratch_ / "file") << "text";
  for (const fs::path& path : {scratch_ / "file", scratch_ / "file" / "below"}) {
    const auto made = make_out_folder(path);
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().text.starts_with("--out: cannot create the folder ")) << path;
  }
}

}  // namespace
}  // namespace psephos
