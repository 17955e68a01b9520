#include "simulator/proving/faulty_disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace psephos::proving {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes filled(std::size_t size, std::uint8_t value) { return Bytes(size, value); }

struct FaultyDiskTest : ::testing::Test {
  FaultyDiskTest() { disk.create("file"); }

  Outcome write(std::uint64_t offset, const Bytes& bytes) {
    return disk.write("file", offset, bytes);
  }

  FaultyDisk disk{Luck(1, 1)};
};

TEST_F(FaultyDiskTest, AProcessThatDiesLeavesWhatItWrote) {
  write(0, filled(1000, 7));
  disk.crash(Crash::kProcess);
  disk.revive();
  EXPECT_EQ(disk.contents("file"), filled(1000, 7));
}

TEST_F(FaultyDiskTest, WhatWasSyncedSurvivesAPowerCut) {
  for (int i = 0; i < 50; ++i) {
    write(0, filled(2000, 7));
    ASSERT_EQ(disk.sync("file"), Outcome::kDone);
    write(500, filled(100, 9));
    disk.crash(Crash::kPower);
    disk.revive();
    ASSERT_EQ(disk.size("file"), 2000u);
    EXPECT_EQ(disk.contents("file")[499], 7);
    EXPECT_EQ(disk.contents("file")[600], 7);
  }
  EXPECT_FALSE(disk.lied());
}

TEST_F(FaultyDiskTest, UnsyncedSectorsSurviveAPowerCutOrNotEachForItself) {
  bool all = false;
  bool none = false;
  bool some = false;
  bool a_later_one_without_an_earlier_one = false;
  for (int i = 0; i < 200; ++i) {
    write(0, filled(512 * 8, 1));
    disk.sync("file");
    for (std::uint64_t sector = 0; sector < 8; ++sector) write(sector * 512, filled(512, 2));
    disk.crash(Crash::kPower);
    disk.revive();
    std::vector<bool> kept;
    for (std::size_t sector = 0; sector < 8; ++sector) {
      const Bytes& bytes = disk.contents("file");
      const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(sector * 512);
      ASSERT_TRUE(std::all_of(begin, begin + 512, [&](std::uint8_t b) { return b == *begin; }));
      kept.push_back(*begin == 2);
    }
    const auto count = std::ranges::count(kept, true);
    all = all || count == 8;
    none = none || count == 0;
    some = some || (count > 0 && count < 8);
    a_later_one_without_an_earlier_one =
        a_later_one_without_an_earlier_one || !std::ranges::is_sorted(kept, std::greater<>());
  }
  EXPECT_TRUE(all);
  EXPECT_TRUE(none);
  EXPECT_TRUE(some);
  EXPECT_TRUE(a_later_one_without_an_earlier_one);
}

TEST_F(FaultyDiskTest, ADeadProcessChangesNothing) {
  write(0, filled(10, 1));
  disk.crash(Crash::kProcess);
  EXPECT_EQ(write(0, filled(10, 2)), Outcome::kFailed);
  EXPECT_EQ(disk.sync("file"), Outcome::kFailed);
  EXPECT_EQ(disk.truncate("file", 0), Outcome::kFailed);
  EXPECT_EQ(disk.remove("file"), Outcome::kFailed);
  EXPECT_EQ(disk.create("other"), Outcome::kFailed);
  disk.revive();
  EXPECT_EQ(disk.contents("file"), filled(10, 1));
  EXPECT_FALSE(disk.exists("other"));
}

TEST_F(FaultyDiskTest, TheNthCallFailsOnceOrForEver) {
  disk.fail_at(1, false);
  EXPECT_EQ(write(0, filled(1, 1)), Outcome::kDone);
  EXPECT_EQ(write(1, filled(1, 1)), Outcome::kFailed);
  EXPECT_EQ(write(1, filled(1, 1)), Outcome::kDone);
  disk.fail_at(1, true);
  EXPECT_EQ(disk.sync("file"), Outcome::kDone);
  EXPECT_EQ(disk.sync("file"), Outcome::kFailed);
  EXPECT_EQ(write(2, filled(1, 1)), Outcome::kFailed);
}

TEST_F(FaultyDiskTest, ALyingSyncIsKnownToHaveLied) {
  disk.set_faults({.lost_sync = 1});
  write(0, filled(600, 3));
  EXPECT_EQ(disk.sync("file"), Outcome::kDone);
  EXPECT_TRUE(disk.lied());
  bool lost = false;
  for (std::uint8_t value = 4; value < 24 && !lost; ++value) {
    write(0, filled(600, value));
    disk.sync("file");
    disk.crash(Crash::kPower);
    disk.revive();
    lost = disk.contents("file") != filled(600, value);
  }
  EXPECT_TRUE(lost);
}

TEST_F(FaultyDiskTest, AFullDiskTakesNothingAndAShortWriteHalf) {
  disk.set_faults({.full = 1});
  EXPECT_EQ(write(0, filled(8, 1)), Outcome::kFull);
  EXPECT_EQ(disk.size("file"), 0u);
  disk.set_faults({.short_write = 1});
  EXPECT_EQ(write(0, filled(8, 1)), Outcome::kFailed);
  EXPECT_EQ(disk.size("file"), 4u);
}

TEST_F(FaultyDiskTest, AFlippedBitIsFlippedForGood) {
  write(0, filled(2, 0));
  disk.sync("file");
  disk.flip("file", 9);
  EXPECT_EQ(disk.contents("file"), (Bytes{0, 2}));
  disk.crash(Crash::kPower);
  disk.revive();
  EXPECT_EQ(disk.contents("file"), (Bytes{0, 2}));
  EXPECT_TRUE(disk.lied());
}

}  // namespace
}  // namespace psephos::proving
