// A ledger's file after bits have turned, or after power went away in the middle of a write. What
// is wrong is found, and what is found to be right is right.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "coordinator/ledger/sqlite_ledger.h"
#include "coordinator/ledger/verify.h"
#include "tests/coordinator/ledger/failing_vfs.h"
#include "tests/coordinator/ledger/written_run.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos::coordinator {
namespace {

using testing::everything_in;
using testing::FailingVfs;
using testing::WrittenRun;
using wire::testing::Dice;

class LedgerDamage : public ::testing::Test {
 protected:
  LedgerDamage() { vfs_.syncs = false; }

  void write_run(std::uint32_t rounds, std::size_t d) {
    auto kept = SqliteLedger::open(path("run"), FailingVfs::kName);
    ASSERT_TRUE(kept.ok());
    WrittenRun written(**kept, d, 7);
    written.rounds(rounds / 2);
    ASSERT_TRUE((*kept)->begin_epoch({1, rounds / 2, 3}).ok());
    written.rounds(rounds - rounds / 2);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // What `name` holds; "" where that is refused, by opening or by verify.
  std::string verified_contents(const std::string& name) {
    auto file = LedgerFile::open(path(name), LedgerFile::Use::kLook, FailingVfs::kName);
    if (!file || !file->run() || verify(*file)) return "";
    return everything_in(*file);
  }

  // Turns one bit of every `stride`-th byte in turn.
  void turn_bits(std::size_t stride) {
    ASSERT_NO_FATAL_FAILURE(write_run(40, 1500));
    const FileBytes whole = read_file(folder_ / "run");
    const std::string contents = verified_contents("run");
    ASSERT_FALSE(contents.empty());
    Dice dice(static_cast<std::uint32_t>(stride));
    std::size_t tried = 0;
    std::size_t found = 0;
    for (std::size_t at = dice.below(static_cast<std::uint32_t>(stride)); at < whole.size();
         at += stride) {
      FileBytes bytes = whole;
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1u << dice.below(8)));
      write_file(folder_ / "damaged", bytes);
      const std::string read = verified_contents("damaged");
      // Bytes that hold nothing (room in pages, counters of SQLite's) may turn: nothing changes.
      ASSERT_TRUE(read.empty() || read == contents) << "byte " << at << " of " << whole.size();
      ++tried;
      found += read.empty();
      // Whoever opens it to go on either refuses or finds the run as it was decided.
      const auto opened = SqliteLedger::open(path("damaged"), FailingVfs::kName);
      if (!opened || (*opened)->run() == nullptr) continue;
      ASSERT_LE((*opened)->rounds(), 40u);
      for (std::uint32_t round = 0; round < (*opened)->rounds(); ++round) {
        const DecisionRef record = (*opened)->decision(round);
        if (!record) continue;
        ASSERT_NE(
            contents.find(std::string(reinterpret_cast<const char*>(record->votes.planes.data()),
                                      record->votes.planes.size())),
            std::string::npos);
      }
      std::filesystem::remove(path("damaged-wal"));
    }
    EXPECT_GT(found, tried / 4);  // so much of small pages is filled at least
  }

  FailingVfs vfs_;
  TemporaryFolder folder_;
};

TEST_F(LedgerDamage, ATurnedBitIsFoundOrChangesNothing) { turn_bits(101); }

class LedgerDamageLong : public LedgerDamage {};

TEST_F(LedgerDamageLong, ATurnedBitOfAnyByteIsFoundOrChangesNothing) { turn_bits(1); }

// Everything that a power cut may leave of the write-ahead log: its first N sectors.
TEST_F(LedgerDamage, ATornLogIsABeginningOfTheRun) {
  constexpr std::uint32_t kRounds = 12;
  FileBytes log;
  {
    auto kept = SqliteLedger::open(path("run"), FailingVfs::kName);
    ASSERT_TRUE(kept.ok());
    WrittenRun written(**kept, 900, 7);
    written.rounds(kRounds);
    write_file(folder_ / "base", read_file(folder_ / "run"));
    log = read_file(folder_ / "run-wal");
  }
  auto whole = LedgerFile::open(path("run"), LedgerFile::Use::kLook, FailingVfs::kName);
  ASSERT_TRUE(whole.ok());
  std::uint32_t before = 0;
  for (std::size_t sectors = 0; sectors <= log.size() / 512 + 1; ++sectors) {
    const std::size_t size = std::min(512 * sectors, log.size());
    std::filesystem::copy_file(path("base"), path("torn"),
                               std::filesystem::copy_options::overwrite_existing);
    write_file(folder_ / "torn-wal",
               FileBytes(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(size)));
    auto torn = LedgerFile::open(path("torn"), LedgerFile::Use::kLead, FailingVfs::kName);
    ASSERT_TRUE(torn.ok()) << torn.error().text;
    ASSERT_GE(torn->rounds(), before);
    before = torn->rounds();
    if (!torn->run()) continue;  // cut before it had begun
    ASSERT_FALSE(verify(*torn));
    for (std::uint32_t round = 0; round < torn->rounds(); ++round) {
      ASSERT_EQ(*torn->decision(round)->record, *whole->decision(round)->record);
    }
  }
  EXPECT_EQ(before, kRounds);
}

}  // namespace
}  // namespace psephos::coordinator
