// Every call of a ledger on the disk fails in turn: what was acknowledged is there afterwards.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "coordinator/ledger/sqlite_ledger.h"
#include "coordinator/ledger/verify.h"
#include "tests/coordinator/ledger/failing_vfs.h"
#include "tests/coordinator/ledger/sqlite_bench.h"
#include "tests/coordinator/ledger/written_run.h"

namespace psephos::coordinator {
namespace {

using testing::FailingVfs;
using testing::SqliteLedgerTest;
using testing::WrittenRun;

// A run as calls on its ledger, and what the file holds after each: contents[n] after n of them.
// In the middle the coordinator ends and starts again.
struct Script {
  using Step = std::function<Status(Ledger&)>;

  explicit Script(const std::string& file) {
    MemoryLedger memory;
    WrittenRun written(memory, 100, WrittenRun::remembering(1));
    steps.push_back([run = *memory.run(), x_0 = memory.newest_checkpoint()](Ledger& ledger) {
      return ledger.begin(run, x_0);
    });
    const Membership membership{{{MembershipEvent::Kind::kJoined, "ann"}}, 0};
    for (std::uint32_t round = 0; round < kRounds; ++round) {
      PSEPHOS_CHECK(written.round().ok(), "a ledger in memory takes a round");
      steps.push_back([record = memory.decision(round), counts = *memory.counts(round), membership](
                          Ledger& ledger) { return ledger.commit(record, membership, counts); });
      if (round % 2 == 1) {  // the third takes the first one's place
        steps.push_back([checkpoint = written.room().checkpoint()](Ledger& ledger) {
          return ledger.add_checkpoint(checkpoint);
        });
      }
      if (round == 2) {
        steps.push_back([](Ledger& ledger) { return ledger.begin_epoch({1, 3, 2}); });
      }
      if (round == 4) steps.push_back([](Ledger& ledger) { return ledger.grow(20'000); });
    }
    for (const Step& step : steps) {
      contents.push_back(contents_of(file));
      auto kept = SqliteLedger::open(file, FailingVfs::kName);
      PSEPHOS_CHECK(kept.ok() && step(**kept).ok(), "an undisturbed ledger takes every call");
    }
    contents.push_back(contents_of(file));
  }

  // "": no run has begun, or it is not what verifies.
  static std::string contents_of(const std::string& file) {
    auto looked = LedgerFile::open(file, LedgerFile::Use::kLook, FailingVfs::kName);
    return looked && !verify(*looked).fault ? testing::everything_in(*looked) : "";
  }

  static constexpr std::uint32_t kRounds = 7;
  static constexpr std::size_t kReopen = 6;  // before this step

  std::vector<Step> steps;
  std::vector<std::string> contents;
};

// Fails each call of a short run in turn, once and then for ever. Whatever was acknowledged is
// there when the file is opened again on a disk that works, and nothing is half-done.
class FailedCalls : public SqliteLedgerTest, public ::testing::WithParamInterface<bool> {
 protected:
  FailedCalls() {
    vfs_.syncs = false;  // what is asked is who hears of a failure, not what a power cut leaves
  }

  // Returns whether a call failed.
  bool play(const Script& script, int fail_at, int code) {
    for (const char* rest : {"", "-wal", "-journal"}) std::filesystem::remove(file() + rest);
    vfs_.calls = 0;
    vfs_.fail_at = fail_at;
    vfs_.for_ever = GetParam();
    vfs_.every_call = true;
    vfs_.code = code;
    std::size_t acknowledged = 0;
    const Status said = lead(script, acknowledged);
    const bool failed = vfs_.failed();
    // A call whose failure harms nobody may fail: to remove an empty log, say.
    EXPECT_EQ(said.ok(), acknowledged == script.steps.size());
    EXPECT_TRUE(said.ok() || failed) << said.error().text;
    if (!said) {
      EXPECT_TRUE(said.error().text.starts_with(file() + ": ")) << said.error().text;
    }

    vfs_.fail_at = 0;
    EXPECT_NE(open("run.ledger", FailingVfs::kName), nullptr);
    const std::string contents = Script::contents_of(file());
    const std::size_t last = script.contents.size() - 1;
    EXPECT_TRUE(contents == script.contents[acknowledged] ||
                contents == script.contents[std::min(acknowledged + 1, last)]);
    return failed;
  }

  Status lead(const Script& script, std::size_t& acknowledged) {
    auto kept = SqliteLedger::open(file(), FailingVfs::kName);
    for (const Script::Step& step : script.steps) {
      if (acknowledged == Script::kReopen) {
        (*kept).reset();
        kept = SqliteLedger::open(file(), FailingVfs::kName);
      }
      if (!kept) return kept.error();
      if (const Status done = step(**kept); !done) {
        // Nothing may be decided any more, even where it would work now.
        EXPECT_FALSE(step(**kept).ok());
        return done;
      }
      ++acknowledged;
    }
    return Ok{};
  }

  FailingVfs vfs_;
};

TEST_P(FailedCalls, LoseNothingThatWasAcknowledged) {
  const Script script(file("undisturbed"));
  for (const int code : {SQLITE_FULL, SQLITE_IOERR_WRITE}) {
    int call = 1;
    while (play(script, call, code)) {
      ASSERT_FALSE(HasFailure()) << "call " << call << " failed with " << code;
      ASSERT_LT(++call, 2000);
    }
    EXPECT_GT(call, 200);
  }
}

INSTANTIATE_TEST_SUITE_P(OnceAndForEver, FailedCalls, ::testing::Bool());

}  // namespace
}  // namespace psephos::coordinator
