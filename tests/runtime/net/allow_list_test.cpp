#include "runtime/net/allow_list.h"

#include <gtest/gtest.h>

#include <fstream>

#include "runtime/net/curve_keys.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos::net {
namespace {

class AllowListTest : public ::testing::Test {
 protected:
  void write(const std::string& text) { std::ofstream(file_) << text; }

  const std::string a_ = make_curve_keys()->public_key;
  const std::string b_ = make_curve_keys()->public_key;
  TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "clients.allow";
};

TEST_F(AllowListTest, HasKeysWithNamesAndComments) {
  const auto list =
      AllowList::parse("# since May\n\n  " + a_ + "\tkitchen  # by the window\r\n" + b_ + "\n");
  ASSERT_TRUE(list) << list.error().text;
  EXPECT_EQ(list->size(), 2u);
  EXPECT_TRUE(list->allows(a_));
  EXPECT_TRUE(list->allows(b_));
  EXPECT_FALSE(list->allows(make_curve_keys()->public_key));
  EXPECT_FALSE(list->allows(""));
  EXPECT_EQ(list->shown(a_), "kitchen~" + a_.substr(0, 8));
  EXPECT_EQ(list->shown(b_), b_.substr(0, 8));
}

TEST_F(AllowListTest, ThatIsCutShortIsNone) {
  const std::string whole = "# since May\n" + a_ + " kitchen\n" + b_ + "\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string part = whole.substr(0, size);
    EXPECT_EQ(AllowList::parse(part).ok(), part.ends_with('\n')) << part;
  }
  const auto cut = AllowList::parse(whole.substr(0, whole.size() - 1));
  EXPECT_NE(cut.error().text.find("line 3: does not end with a line break"), std::string::npos);
}

TEST_F(AllowListTest, OfAKeyThatBeginsLikeACommentHasAComment) {
  const auto list = AllowList::parse("#" + a_.substr(1) + "\n");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 0u);
}

TEST_F(AllowListTest, OfCommentsAloneIsAListOfNobodyAndAnEmptyTextIsNone) {
  EXPECT_EQ(AllowList::parse("# nobody yet\n")->size(), 0u);
  EXPECT_FALSE(AllowList::parse("").ok());
}

TEST_F(AllowListTest, NamesTheLineThatIsWrong) {
  const auto expect = [](const std::string& text, const std::string& sentence) {
    const auto list = AllowList::parse(text);
    ASSERT_FALSE(list.ok()) << text;
    EXPECT_NE(list.error().text.find(sentence), std::string::npos) << list.error().text;
  };
  expect("# x\nkitchen " + a_ + "\n", "line 2: does not begin with a public key");
  expect(a_ + "\n" + a_.substr(0, a_.size() - 1) + " kitchen\n", "line 2: does not begin");
  expect(a_ + " kitchen and cellar\n", "line 1: only a name");
  expect(a_ + "\n" + b_ + "\n" + a_ + " again\n", "line 3: this key is listed before");
  expect(std::string("\0\n", 2), "line 1");
  expect(a_.substr(0, 35) + std::string(5, '\0') + "\n", "line 1");  // 28 bytes of Z85 and zeros
}

TEST_F(AllowListTest, KnowsWhomAnotherLeftOut) {
  const AllowList both = AllowList::of({a_, b_});
  const AllowList one = AllowList::of({b_});
  EXPECT_EQ(both.without(one), std::vector<std::string>{a_});
  EXPECT_TRUE(one.without(both).empty());
}

TEST_F(AllowListTest, OfAFileIsReadAgainOnceItHasRestedAfterAChange) {
  write(a_ + "\n");
  AllowFile file(file_);
  ASSERT_TRUE(file.read().ok());
  EXPECT_FALSE(file.look());
  write(a_ + "\n" + b_ + "\n");
  EXPECT_FALSE(file.look());  // somebody may still be writing
  const auto changed = file.look();
  ASSERT_TRUE(changed && *changed);
  EXPECT_EQ((*changed)->size(), 2u);
  EXPECT_FALSE(file.look());
}

TEST_F(AllowListTest, OfAFileThatIsReplacedByAnotherOfTheSameSizeIsReadAgain) {
  write(a_ + "\n");
  AllowFile file(file_);
  ASSERT_TRUE(file.read().ok());
  const auto time = std::filesystem::last_write_time(file_);
  std::ofstream(folder_.path() / "new") << b_ << "\n";
  std::filesystem::last_write_time(folder_.path() / "new", time);
  std::filesystem::rename(folder_.path() / "new", file_);
  EXPECT_FALSE(file.look());
  const auto changed = file.look();
  ASSERT_TRUE(changed && *changed);
  EXPECT_TRUE((*changed)->allows(b_));
}

TEST_F(AllowListTest, OfAFileThatWentWrongIsAnErrorOnceForEveryChange) {
  write(a_ + "\n");
  AllowFile file(file_);
  ASSERT_TRUE(file.read().ok());
  write(a_ + "\nnonsense\n");
  EXPECT_FALSE(file.look());
  const auto broken = file.look();
  ASSERT_TRUE(broken);
  ASSERT_FALSE(broken->ok());
  EXPECT_NE(broken->error().text.find("clients.allow: line 2"), std::string::npos);
  EXPECT_FALSE(file.look());
  std::filesystem::remove(file_);
  EXPECT_FALSE(file.look());
  const auto gone = file.look();
  ASSERT_TRUE(gone);
  EXPECT_FALSE(gone->ok());
  EXPECT_FALSE(file.look());
  write(b_ + "\n");
  EXPECT_FALSE(file.look());
  const auto mended = file.look();
  ASSERT_TRUE(mended && *mended);
}

}  // namespace
}  // namespace psephos::net
