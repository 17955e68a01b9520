#include "runtime/base/disk.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "runtime/base/replace_file.h"
#include "tests/runtime/base/memory_disk.h"

namespace psephos {
namespace {

namespace fs = std::filesystem;
using testing::MemoryDisk;

class SystemDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "psephos-disk-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
  SystemDisk disk_;
};

TEST_F(SystemDiskTest, ReadsNoMoreOfAFileThanItIsAskedTo) {
  std::ofstream(folder_ / "file") << "0123456789";
  for (const std::size_t most : {0u, 4u, 10u, 11u}) {
    const auto bytes = disk_.read(folder_ / "file", most);
    ASSERT_TRUE(bytes && *bytes);
    EXPECT_EQ(std::string((*bytes)->begin(), (*bytes)->end()),
              std::string("0123456789").substr(0, most));
  }
}

TEST_F(SystemDiskTest, AFileThatIsNotThereIsNothingAndAFolderOrAPipeIsAnError) {
  const auto missing = disk_.read(folder_ / "missing", 10);
  ASSERT_TRUE(missing);
  EXPECT_FALSE(*missing);
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  for (const fs::path& path : {folder_, folder_ / "pipe"}) {
    const auto read = disk_.read(path, 10);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().text.find("not an ordinary file"), std::string::npos);
  }
}

TEST_F(SystemDiskTest, AFileForItsOwnerAloneIsSoEvenOverALooseTemporary) {
  std::ofstream(folder_ / "state.tmp") << "left by a power cut";
  fs::permissions(folder_ / "state.tmp", fs::perms::all);
  ASSERT_TRUE(replace_file(folder_ / "state", "secret", Readers::kOwnerOnly));
  EXPECT_EQ(fs::status(folder_ / "state").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

// Every call of a replacement fails, once and for ever, and the power is cut then.
TEST(ReplaceFileOnAFailingDisk, LeavesTheOldOrTheNewWhateverFails) {
  const Bytes before = bytes_of(std::string(700, 'a'));
  const Bytes after = bytes_of(std::string(900, 'b'));
  std::size_t calls = 0;
  for (std::size_t call = 0; call <= calls; ++call) {
    for (const bool for_ever : {false, true}) {
      SCOPED_TRACE("call " + std::to_string(call) + (for_ever ? " and all after it" : ""));
      MemoryDisk disk;
      ASSERT_TRUE(replace_file(disk, "state", before, Readers::kAsUmask));
      disk.fail(call, for_ever);
      const std::size_t first = disk.calls();
      const Status status = replace_file(disk, "state", after, Readers::kAsUmask);
      calls = std::max(calls, disk.calls() - first);
      const bool failed = call < disk.calls() - first;
      EXPECT_EQ(status.ok(), !failed);
      EXPECT_TRUE(disk.all_closed());
      disk.heal();
      const auto now = disk.contents("state");
      ASSERT_TRUE(now);
      EXPECT_TRUE(*now == before || *now == after);
      for (const testing::Unsynced fate : testing::kAllFates) {
        for (const bool names_kept : {false, true}) {
          const auto found = disk.after_power_cut(fate, names_kept).contents("state");
          ASSERT_TRUE(found);
          EXPECT_TRUE(*found == after || (!status && *found == before));
        }
      }
      ASSERT_TRUE(replace_file(disk, "state", after, Readers::kAsUmask));
      EXPECT_EQ(disk.names(), std::vector<std::string>{"state"});
    }
  }
  EXPECT_GE(calls, 9U) << "create, five writes, sync, close, rename, sync of the folder";
}

}  // namespace
}  // namespace psephos
