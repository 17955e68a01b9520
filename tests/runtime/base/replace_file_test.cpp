#include "runtime/base/replace_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace psephos {
namespace {

namespace fs = std::filesystem;

class ReplaceFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "psephos-replace-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::set<std::string> names() const {
    std::set<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder_)) all.insert(entry.path().filename());
    return all;
  }

  fs::path folder_;
};

TEST_F(ReplaceFile, WritesANewFileAndLeavesNothingElse) {
  ASSERT_TRUE(replace_file(folder_ / "state", "first"));
  EXPECT_EQ(contents(folder_ / "state"), "first");
  EXPECT_EQ(names(), (std::set<std::string>{"state"}));
}

TEST_F(ReplaceFile, ReplacesLongByShortAndKeepsEveryByte) {
  const std::vector<std::uint8_t> bytes = {0, 255, 10, 13, 0};
  ASSERT_TRUE(replace_file(folder_ / "state", std::string(1 << 20, 'x')));
  ASSERT_TRUE(replace_file(folder_ / "state", bytes));
  EXPECT_EQ(contents(folder_ / "state"), std::string(bytes.begin(), bytes.end()));
  ASSERT_TRUE(replace_file(folder_ / "state", std::string_view{}));
  EXPECT_EQ(fs::file_size(folder_ / "state"), 0U);
  EXPECT_EQ(names(), (std::set<std::string>{"state"}));
}

TEST_F(ReplaceFile, LeavesWhatIsNotAnOrdinaryFileAlone) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);  // a device would need root
  const Status status = replace_file(folder_ / "pipe", "text");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().text.find("not an ordinary file"), std::string::npos);
  EXPECT_TRUE(fs::is_fifo(folder_ / "pipe"));
  EXPECT_EQ(names(), (std::set<std::string>{"pipe"}));
}

TEST_F(ReplaceFile, WritesOverATemporaryThatAPowerCutLeft) {
  std::ofstream(folder_ / "state.tmp") << "half of something longer";
  ASSERT_TRUE(replace_file(folder_ / "state", "whole"));
  EXPECT_EQ(contents(folder_ / "state"), "whole");
  EXPECT_EQ(names(), (std::set<std::string>{"state"}));
}

TEST_F(ReplaceFile, KeepsThePermissionsOfAFileThatWasThere) {
  ASSERT_TRUE(replace_file(folder_ / "key", "old"));
  fs::permissions(folder_ / "key", fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_TRUE(replace_file(folder_ / "key", "new"));
  EXPECT_EQ(fs::status(folder_ / "key").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(ReplaceFile, LeavesTheOldFileWhenTheTemporaryCannotBeOpened) {
  ASSERT_TRUE(replace_file(folder_ / "state", "old"));
  fs::create_directory(folder_ / "state.tmp");
  const Status status = replace_file(folder_ / "state", "new");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().text.find((folder_ / "state").string()), std::string::npos);
  EXPECT_EQ(contents(folder_ / "state"), "old");
}

TEST_F(ReplaceFile, LeavesNoTemporaryWhenTheLastStepFails) {
  fs::create_directory(folder_ / "state");  // a file cannot be renamed over a folder
  EXPECT_FALSE(replace_file(folder_ / "state", "new"));
  EXPECT_TRUE(fs::is_directory(folder_ / "state"));
  EXPECT_EQ(names(), (std::set<std::string>{"state"}));
}

TEST_F(ReplaceFile, FailsWithOneSentenceWhereThereIsNoFolder) {
  ASSERT_TRUE(replace_file(folder_ / "file", "old"));
  EXPECT_FALSE(replace_file(folder_ / "file" / "state", "new"));
  const Status missing = replace_file(folder_ / "missing" / "state", "new");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().text.find("No such file or directory"), std::string::npos);
  EXPECT_EQ(contents(folder_ / "file"), "old");
  EXPECT_EQ(names(), (std::set<std::string>{"file"}));
}

TEST_F(ReplaceFile, DoesNotFollowALinkInPlaceOfTheTemporary) {
  std::ofstream(folder_ / "precious") << "precious";
  fs::create_symlink(folder_ / "precious", folder_ / "state.tmp");
  EXPECT_FALSE(replace_file(folder_ / "state", "new"));
  EXPECT_EQ(contents(folder_ / "precious"), "precious");
}

// The limit stands in for a disk that fills up half-way through the write.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &saved_);
    const rlimit limit{bytes, saved_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &saved_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit saved_{};
  void (*handler_)(int);
};

TEST_F(ReplaceFile, LeavesTheOldFileAndNoTemporaryWhenTheWriteStopsHalfWay) {
  ASSERT_TRUE(replace_file(folder_ / "state", "old"));
  const std::string long_text(100'000, 'x');
  const Status status = [&] {
    const FileSizeLimit full(4096);
    return replace_file(folder_ / "state", long_text);
  }();
  ASSERT_FALSE(status);
  EXPECT_EQ(contents(folder_ / "state"), "old");
  EXPECT_EQ(names(), (std::set<std::string>{"state"}));
  EXPECT_TRUE(replace_file(folder_ / "state", long_text));
}

}  // namespace
}  // namespace psephos
