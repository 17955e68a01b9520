// A ledger's file after bits have turned, or after power went away in the middle of a write. What
// is wrong is found, and what is found to be right is right.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "coordinator/ledger/sqlite_ledger.h"
#include "coordinator/ledger/verify.h"
#include "runtime/base/check.h"
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
    WrittenRun written(**kept, d, WrittenRun::remembering(7));
    written.rounds(rounds / 2);
    ASSERT_TRUE((*kept)->begin_epoch({1, rounds / 2, 3}).ok());
    written.rounds(rounds - rounds / 2);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // What `name` holds; "" where that is refused, by opening or by verify.
  std::string verified_contents(const std::string& name) {
    auto file = LedgerFile::open(path(name), LedgerFile::Use::kLook, FailingVfs::kName);
    if (!file || !file->run() || verify(*file).fault) return "";
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

// What a power cut leaves of a run that was being written: `base`, the file, and its log; and the
// file once the log had been moved into it.
class TornRun {
 public:
  static constexpr std::uint32_t kRounds = 12;
  static constexpr std::size_t kSector = 512;

  explicit TornRun(const TemporaryFolder& folder) : folder_(folder) {
    {
      auto kept = SqliteLedger::open(path("run"), FailingVfs::kName);
      PSEPHOS_CHECK(kept.ok(), "a new ledger opens");
      WrittenRun written(**kept, 900, 7);
      written.rounds(kRounds);
      base = read_file(folder_ / "run");
      log = read_file(folder_ / "run-wal");
    }
    moved = read_file(folder_ / "run");
    auto whole = LedgerFile::open(path("run"), LedgerFile::Use::kLook, FailingVfs::kName);
    PSEPHOS_CHECK(whole.ok(), "a whole ledger opens");
    for (std::uint32_t round = 0; round < kRounds; ++round) {
      decided_.push_back(*whole->decision(round)->record);
    }
  }

  // Of the rounds that `file` and `log` hold every one is as it was decided. How many there are.
  std::uint32_t rounds_of(const FileBytes& file, const FileBytes& its_log) const {
    write_file(folder_ / "torn", file);
    write_file(folder_ / "torn-wal", its_log);
    auto torn = LedgerFile::open(path("torn"), LedgerFile::Use::kLead, FailingVfs::kName);
    EXPECT_TRUE(torn.ok()) << torn.error().text;
    if (!torn) return 0;
    EXPECT_TRUE(torn->run());
    if (!torn->run()) return 0;
    const auto fault = verify(*torn).fault;
    EXPECT_FALSE(fault) << fault->text;
    for (std::uint32_t round = 0; round < torn->rounds(); ++round) {
      EXPECT_EQ(*torn->decision(round)->record, decided_.at(round));
    }
    return torn->rounds();
  }

  FileBytes base;
  FileBytes log;
  FileBytes moved;

 private:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  const TemporaryFolder& folder_;
  std::vector<DecisionRecord> decided_;
};

// The first sectors of a log.
TEST_F(LedgerDamage, ATornLogIsABeginningOfTheRun) {
  const TornRun run(folder_);
  std::uint32_t before = 0;
  for (std::size_t sectors = 0; sectors <= run.log.size() / TornRun::kSector + 1; ++sectors) {
    const std::size_t size = std::min(TornRun::kSector * sectors, run.log.size());
    const FileBytes cut(run.log.begin(), run.log.begin() + static_cast<std::ptrdiff_t>(size));
    const std::uint32_t rounds = run.rounds_of(run.base, cut);
    ASSERT_FALSE(HasFailure()) << size << " bytes";
    ASSERT_GE(rounds, before);
    before = rounds;
  }
  EXPECT_EQ(before, TornRun::kRounds);
}

// A sector that was not written while later ones were: empty, or with what a log before this one
// had there.
TEST_F(LedgerDamage, ALogWithASectorMissingIsABeginningOfTheRun) {
  const TornRun run(folder_);
  const auto sectors = static_cast<std::uint32_t>(run.log.size() / TornRun::kSector);
  Dice dice(5);
  std::uint32_t most = 0;
  for (std::uint32_t sector = 0; sector < sectors; ++sector) {
    FileBytes log = run.log;
    const auto there = log.begin() + static_cast<std::ptrdiff_t>(sector * TornRun::kSector);
    if (dice.below(2) == 0) {
      std::fill_n(there, TornRun::kSector, std::uint8_t{0});
    } else {
      std::copy_n(
          run.log.begin() + static_cast<std::ptrdiff_t>(dice.below(sectors) * TornRun::kSector),
          TornRun::kSector, there);
    }
    most = std::max(most, run.rounds_of(run.base, log));
    ASSERT_FALSE(HasFailure()) << "sector " << sector;
  }
  EXPECT_GE(most, TornRun::kRounds - 1);
}

// The log is synced before it is moved, and removed when the file is.
TEST_F(LedgerDamage, AFileTornWhileItsLogIsMovedIntoItIsTheWholeRun) {
  const TornRun run(folder_);
  Dice dice(6);
  for (int time = 0; time < 200; ++time) {
    FileBytes torn = run.base;
    const std::uint32_t written = dice.below(4);  // of four sectors
    for (std::size_t at = 0; at < run.moved.size(); at += TornRun::kSector) {
      if (dice.below(4) >= written) continue;
      const std::size_t end = std::min(at + TornRun::kSector, run.moved.size());
      if (torn.size() < end) torn.resize(end);
      std::copy(run.moved.begin() + static_cast<std::ptrdiff_t>(at),
                run.moved.begin() + static_cast<std::ptrdiff_t>(end),
                torn.begin() + static_cast<std::ptrdiff_t>(at));
    }
    ASSERT_EQ(run.rounds_of(torn, run.log), TornRun::kRounds);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace psephos::coordinator
