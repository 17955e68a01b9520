#include "client/state/state_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/client/state/some_state.h"
#include "tests/runtime/base/memory_disk.h"

namespace psephos::client::testing {
namespace {

using psephos::testing::kAllFates;
using psephos::testing::MemoryDisk;
using psephos::testing::Unsynced;

constexpr PhiloxKey kFresh{91, 92};
constexpr std::size_t kMaxParameters = 1000;
const std::string kPath = "a.state";
const std::string kAside = "a.state.bad";

StateFile file_on(MemoryDisk& disk) { return StateFile(disk, kPath, kMaxParameters); }

Bytes bytes_at(std::uint32_t round, std::uint64_t run = 0xA11) {
  ClientState state = some_state({.round = round});
  state.run->standing.run = run;
  return encode_state(state);
}

ClientState state_at(std::uint32_t round, std::uint64_t run = 0xA11) {
  return *decode_state(bytes_at(round, run));
}

StateFile::Opened opened(MemoryDisk& disk, std::optional<PhiloxKey> key = {}) {
  auto result = file_on(disk).open(key, kFresh);
  EXPECT_TRUE(result) << result.error().text;
  return result ? *result : StateFile::Opened{};
}

// What a client of that disk would go on with.
Bytes found_on(MemoryDisk disk) { return encode_state(opened(disk).state); }

TEST(StateFile, WithoutAFileAClientStartsCleanAndItsKeyIsKeptAtOnce) {
  MemoryDisk disk;
  const auto first = opened(disk);
  EXPECT_EQ(first.state.key, kFresh);
  EXPECT_FALSE(first.state.run);
  EXPECT_TRUE(first.notes.empty());
  auto again = file_on(disk).open({}, PhiloxKey{1, 1});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->state.key, kFresh) << "drawn once";
}

TEST(StateFile, GoesOnWithWhatWasKept) {
  MemoryDisk disk;
  StateFile file = file_on(disk);
  ASSERT_TRUE(file.open({}, kFresh));
  ASSERT_TRUE(file.keep(state_at(7)));
  const auto again = opened(disk);
  expect_same(again.state, state_at(7));
  ASSERT_EQ(again.notes.size(), 1u);
  EXPECT_NE(again.notes[0].find("round 7"), std::string::npos);
  EXPECT_EQ(disk.names(), std::vector<std::string>{kPath});
}

TEST(StateFile, WhatCannotBeUsedIsKeptAsideAndTheClientStartsCleanAndSaysSo) {
  const Bytes good = bytes_at(7);
  Bytes damaged = good;
  damaged[200] ^= 1;
  Bytes newer = good;
  newer[8] = 9;
  const Bytes torn(good.begin(), good.begin() + 100);
  const Bytes too_large(max_state_bytes(kMaxParameters) + 5, 0);
  struct Case {
    Bytes bytes;
    std::string said;
  };
  for (const Case& one : std::vector<Case>{{damaged, "damaged"},
                                           {newer, "newer"},
                                           {torn, "cut short"},
                                           {{}, "not the state of a client"},
                                           {too_large, "--max-parameters"}}) {
    MemoryDisk disk;
    disk.put(kPath, one.bytes);
    const auto clean = opened(disk);
    EXPECT_EQ(clean.state.key, kFresh);
    EXPECT_FALSE(clean.state.run);
    ASSERT_EQ(clean.notes.size(), 1u);
    EXPECT_NE(clean.notes[0].find(one.said), std::string::npos) << clean.notes[0];
    EXPECT_NE(clean.notes[0].find(kAside), std::string::npos);
    EXPECT_EQ(disk.contents(kAside), one.bytes);
    EXPECT_EQ(opened(disk).state.key, kFresh);
  }
}

TEST(StateFile, AnotherClientsStateIsNotGoneOnWith) {
  MemoryDisk disk;
  disk.put(kPath, bytes_at(7));
  EXPECT_TRUE(opened(disk, state_at(7).key).state.run);
  const auto clean = opened(disk, PhiloxKey{1, 1});
  EXPECT_EQ(clean.state.key, (PhiloxKey{1, 1}));
  EXPECT_FALSE(clean.state.run);
  ASSERT_EQ(clean.notes.size(), 1u);
  EXPECT_NE(clean.notes[0].find("another client"), std::string::npos);
  EXPECT_EQ(disk.contents(kAside), bytes_at(7));
}

TEST(StateFile, TheStateOfAnotherRunIsKeptAsideOnceThereIsOneOfThis) {
  MemoryDisk disk;
  disk.put(kPath, bytes_at(7));
  StateFile file = file_on(disk);
  ASSERT_TRUE(file.open({}, kFresh));
  ASSERT_TRUE(file.keep(state_at(1, 0xB22)));
  ASSERT_TRUE(file.keep(state_at(2, 0xB22)));
  EXPECT_EQ(disk.contents(kPath), bytes_at(2, 0xB22));
  EXPECT_EQ(disk.contents(kAside), bytes_at(7));
}

TEST(StateFile, AFileThatCannotBeReadIsLeftAlone) {
  MemoryDisk disk;
  disk.put(kPath, bytes_at(7));
  disk.fail(0, true);
  EXPECT_FALSE(file_on(disk).open({}, kFresh));
  EXPECT_EQ(disk.contents(kPath), bytes_at(7));
}

TEST(StateFile, AClientStartsOnADiskThatTakesNothing) {
  MemoryDisk disk;
  Bytes damaged = bytes_at(7);
  damaged[100] ^= 1;
  disk.put(kPath, damaged);
  disk.fail(1, true);
  StateFile file = file_on(disk);
  const auto clean = file.open({}, kFresh);
  ASSERT_TRUE(clean);
  EXPECT_EQ(clean->notes.size(), 2u) << "the state, and the disk";
  EXPECT_FALSE(file.keep(state_at(8)));
  EXPECT_EQ(disk.contents(kPath), damaged) << "never overwritten before it is kept aside";
  disk.heal();
  EXPECT_TRUE(file.keep(state_at(9)));
  EXPECT_EQ(disk.contents(kPath), bytes_at(9));
  EXPECT_EQ(disk.contents(kAside), damaged);
}

// Fails every call of `act` in turn, once and for ever. After each `check` sees the healed disk,
// and every disk that a power cut at that moment may leave.
template <class Act, class Check>
std::size_t fail_every_call(const Bytes& before, const Act& act, const Check& check) {
  std::size_t calls = 0;
  for (std::size_t call = 0; call <= calls; ++call) {
    for (const bool for_ever : {false, true}) {
      SCOPED_TRACE("call " + std::to_string(call) + (for_ever ? " and all after it" : ""));
      MemoryDisk disk;
      disk.put(kPath, before);
      StateFile file = file_on(disk);
      EXPECT_TRUE(file.open({}, kFresh));
      const std::size_t first = disk.calls();
      disk.fail(call, for_ever);
      const bool kept = act(file).ok();
      calls = std::max(calls, disk.calls() - first);
      disk.heal();
      check(disk, kept);
      for (const Unsynced fate : kAllFates) {
        for (const bool names_kept : {false, true}) {
          check(disk.after_power_cut(fate, names_kept), kept);
        }
      }
      // The disk is well again: the next one is kept.
      EXPECT_TRUE(file.keep(state_at(9, 0xB22)));
      EXPECT_EQ(found_on(disk), bytes_at(9, 0xB22));
    }
  }
  return calls;
}

TEST(StateFile, WhateverCallFailsTheOldStateOrTheNewIsFound) {
  const Bytes old_one = bytes_at(7);
  const Bytes new_one = bytes_at(8);
  const auto keep = [](StateFile& file) { return file.keep(state_at(8)); };
  const auto calls = fail_every_call(old_one, keep, [&](const MemoryDisk& disk, bool kept) {
    const Bytes found = found_on(disk);
    EXPECT_TRUE(found == new_one || (!kept && found == old_one));
  });
  EXPECT_GE(calls, 7u);
}

TEST(StateFile, WhateverCallFailsNoStateOfAnotherRunIsLost) {
  const Bytes old_one = bytes_at(7);
  const Bytes new_one = bytes_at(8, 0xB22);
  const auto keep = [](StateFile& file) { return file.keep(state_at(8, 0xB22)); };
  const auto calls = fail_every_call(old_one, keep, [&](const MemoryDisk& disk, bool kept) {
    const auto in_place = disk.contents(kPath);
    EXPECT_TRUE(in_place == old_one || disk.contents(kAside) == old_one);
    EXPECT_TRUE(!in_place || in_place == old_one || in_place == new_one);
    EXPECT_TRUE(!kept || in_place == new_one);
  });
  EXPECT_GE(calls, 9u);
}

}  // namespace
}  // namespace psephos::client::testing
