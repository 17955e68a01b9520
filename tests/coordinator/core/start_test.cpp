// A coordinator that ends at any moment and starts again with its ledger: the run is the one that
// nobody disturbed.

#include "coordinator/core/start.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "coordinator/ledger/sqlite_ledger.h"
#include "coordinator/ledger/verify.h"
#include "runtime/replica/fingerprint.h"
#include "tests/coordinator/core/life.h"
#include "tests/coordinator/counting/close.h"
#include "tests/coordinator/counting/rooms.h"
#include "tests/coordinator/ledger/failing_vfs.h"
#include "tests/runtime/formats/temporary_folder.h"
#include "tests/runtime/wire/examples.h"

namespace psephos::coordinator {
namespace {

using namespace testing;
using wire::testing::Dice;

class Restart : public ::testing::Test {
 protected:
  Restart() { vfs_.syncs = false; }

  std::string path() const { return (folder_ / "run").string(); }
  std::unique_ptr<Ledger> open() {
    auto ledger = SqliteLedger::open(path(), FailingVfs::kName);
    EXPECT_TRUE(ledger.ok()) << ledger.error().text;
    return *std::move(ledger);
  }
  std::string refusal(const CoordinatorOptions& options) {
    KeepingOutlet outlet;
    const auto ledger = open();
    const Status same = check_same_run(options, *ledger);
    return same ? "" : same.error().text;
  }
  // A run of `rounds`, left in the ledger.
  void lead(std::uint32_t rounds, std::uint32_t planned) {
    Life life(life_options(planned), [this] { return open(); });
    for (std::uint32_t round = 0; round < rounds; ++round) {
      for (const char* name : {"ann", "ben"}) life.vote(name, round);
    }
    ASSERT_EQ(life.round(), rounds);
  }

  FailingVfs vfs_;
  TemporaryFolder folder_;
};

TEST_F(Restart, InEveryRoundChangesNothing) {
  constexpr std::uint32_t kRounds = 150;
  Life undisturbed(life_options(1000), [] { return std::make_unique<MemoryLedger>(); });
  Life life(life_options(1000), [this] { return open(); });
  Dice dice(3);
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    for (Life* one : {&undisturbed, &life}) one->vote("ann", round);
    if (dice.below(3) == 0) {
      life.start();  // the open round's tally is gone
      life.vote("ann", round);
    }
    for (Life* one : {&undisturbed, &life}) one->vote("ben", round);
    ASSERT_EQ(life.round(), round + 1);
    ASSERT_EQ(life.fingerprint(), undisturbed.fingerprint());
    const DecisionRef mine = life.coordinator->ledger().decision(round);
    const DecisionRef theirs = undisturbed.coordinator->ledger().decision(round);
    ASSERT_EQ(*mine, *theirs);  // the very bytes, weight decay's remainder among them
    if (dice.below(3) == 0) life.start();
    ASSERT_EQ(life.round(), round + 1);
    ASSERT_EQ(life.coordinator->summary().run, kLifeRun);
  }
  life.coordinator.reset();
  auto file = LedgerFile::open(path(), LedgerFile::Use::kLook);
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE(verify(*file).fault);
  // Weight decay was not idle.
  bool decayed = false;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    decayed |= file->decision(round)->record->keep < 1;
  }
  EXPECT_TRUE(decayed);
}

TEST_F(Restart, NoBallotIsCountedInTwoRounds) {
  Life life(life_options(1000), [this] { return open(); });
  life.vote("ann", 0);
  life.vote("ben", 0);
  ASSERT_EQ(life.round(), 1u);
  life.start();
  for (const char* name : {"ann", "ben"}) life.vote(name, 0);  // fresh enough, but counted before
  EXPECT_EQ(life.round(), 1u);
  for (const char* name : {"ann", "ben"}) life.vote(name, 1);
  EXPECT_EQ(life.round(), 2u);
}

TEST_F(Restart, ALateBallotFromBeforeItCountsOnce) {
  Life life(life_options(1000), [this] { return open(); });
  life.vote("ann", 0);
  life.vote("ben", 0);
  ASSERT_EQ(life.round(), 1u);
  life.start();
  life.coordinator->handle(FrameArrived{"cat", "", join_frame("cat")}, life.now);
  for (int again = 0; again < 2; ++again) life.vote("cat", 0);
  ASSERT_EQ(life.round(), 1u);
  for (const char* name : {"ann", "ben"}) life.vote(name, 1);
  ASSERT_EQ(life.round(), 2u);
  EXPECT_EQ(life.coordinator->ledger().decision(1)->counted,
            (std::vector<CountedBallot>{{"cat", 0}, {"ann", 1}, {"ben", 1}}));
}

TEST_F(Restart, TheEpochIsInTheLedgerBeforeAnybodyHearsOfIt) {
  lead(5, 1000);
  {
    Life life(life_options(1000), [this] { return open(); });
    life.outlet.sent.clear();
    wire::Join ahead;
    ahead.name = "cat";
    ahead.arithmetic = "test";
    ahead.run = kLifeRun;
    ahead.have_round = 9;
    life.coordinator->handle(FrameArrived{"cat", "", wire::build(ahead)}, life.now);
    EXPECT_EQ(life.coordinator->ledger().epoch(), 1u);
    // Those who are in are asked to join again; then cat is welcome.
    ASSERT_EQ(life.outlet.sent.size(), 3u);
    EXPECT_EQ(life.outlet.sent.back().first, "cat");
    const auto welcome =
        wire::read_coordinator_frame(*life.outlet.sent.back().second, kLifeParameters);
    EXPECT_EQ(std::get<wire::Welcome>(*welcome).epoch, 1u);
  }
  Life again(life_options(1000), [this] { return open(); });
  EXPECT_EQ(again.coordinator->session().epoch(), 1u);
  again.coordinator.reset();
  auto file = LedgerFile::open(path(), LedgerFile::Use::kLook);
  EXPECT_EQ(*file->epochs(), (std::vector<EpochRecord>{{1, 5, 4}}));
}

TEST_F(Restart, AnEpochThatCannotBeCommittedIsToldToNobody) {
  lead(5, 1000);
  Life life(life_options(1000), [this] { return open(); });
  life.outlet.sent.clear();
  vfs_.for_ever = true;
  vfs_.fail_at = vfs_.calls + 1;
  wire::Join ahead;
  ahead.name = "cat";
  ahead.arithmetic = "test";
  ahead.run = kLifeRun;
  ahead.have_round = 9;
  EXPECT_THROW(life.coordinator->handle(FrameArrived{"cat", "", wire::build(ahead)}, life.now),
               LedgerFailed);
  EXPECT_TRUE(life.outlet.sent.empty());
}

TEST_F(Restart, AnotherConfigurationIsRefusedByItsFirstFlag) {
  lead(3, 1000);
  EXPECT_EQ(refusal(life_options(1000)), "");
  CoordinatorOptions other = life_options(1000);
  other.config.lr = 0.5;
  EXPECT_EQ(refusal(other),
            "--ledger: its run has --lr 0.01, not 0.5: start the coordinator as this run was "
            "started, or give another run a ledger of its own");
  other = life_options(1000);
  other.tensors[0].name = "w";
  EXPECT_NE(refusal(other).find("tensors"), std::string::npos);
  other = life_options(1000);
  other.config.max_clients = 1;
  EXPECT_NE(refusal(other).find("--max-clients 1: 2 clients"), std::string::npos);
  other.config.max_clients = 2;
  EXPECT_EQ(refusal(other), "");
  other = life_options(1000);
  other.held_out_hash = 0xabc;
  EXPECT_NE(refusal(other).find("its run has dataset not set"), std::string::npos);
  other = life_options(1000);
  other.x_0.assign(kLifeParameters, 0.5F);
  EXPECT_NE(refusal(other).find("its seed drew"), std::string::npos);
  other = life_options(1000);
  other.config.init_file = "x0.npy";
  EXPECT_NE(refusal(other).find("--init"), std::string::npos);
  EXPECT_NE(refusal(life_options(999)).find("--rounds 999"), std::string::npos);
  KeepingOutlet outlet;
  EXPECT_THROW(Coordinator(life_options(999), open(), outlet), LedgerFailed);
  EXPECT_EQ(refusal(life_options(1000)), "");  // and nothing has changed
}

TEST_F(Restart, ARunThatBeganWithGivenParametersTakesThoseOrNone) {
  CoordinatorOptions given = life_options(1000);
  given.x_0.assign(kLifeParameters, 0.5F);
  ASSERT_TRUE(start_run(given, *open()).ok());
  EXPECT_EQ(refusal(given), "");
  EXPECT_EQ(refusal(life_options(1000)), "");
  given.x_0[7] = 0.25F;
  EXPECT_NE(refusal(given).find("began with other parameters"), std::string::npos);
}

TEST_F(Restart, MoreRoundsGoOnWithAFinishedRun) {
  lead(5, 5);
  {
    Life life(life_options(8), [this] { return open(); });
    for (std::uint32_t round = 5; round < 8; ++round) {
      for (const char* name : {"ann", "ben"}) life.vote(name, round);
    }
    EXPECT_EQ(life.round(), 8u);
  }
  EXPECT_NE(refusal(life_options(5)), "");
  EXPECT_EQ(open()->run()->rounds, 8u);
}

TEST_F(Restart, ClientsThatMissedTheEndOfTheRunHearOfIt) {
  lead(5, 5);
  KeepingOutlet outlet;
  Instant now{0};
  Coordinator coordinator(life_options(5), open(), outlet);
  coordinator.handle(Started{}, now);
  EXPECT_FALSE(coordinator.ended());  // ann and ben may not have the last decision
  coordinator.handle(FrameArrived{"ann", "", join_frame("ann")}, now);
  bool heard = false;
  for (const auto& [peer, frame] : outlet.sent) {
    heard |= std::holds_alternative<wire::Finished>(
        *wire::read_coordinator_frame(*frame, kLifeParameters));
  }
  EXPECT_TRUE(heard);
  const auto leave = [&](const char* name) {
    wire::Leave message{1, wire::LeaveReason::kFinished};
    coordinator.handle(FrameArrived{name, "", wire::build(message)}, now);
  };
  leave("ann");
  EXPECT_FALSE(coordinator.ended());
  coordinator.handle(FrameArrived{"ben", "", join_frame("ben")}, now);
  leave("ben");
  EXPECT_TRUE(coordinator.ended());
  EXPECT_EQ(coordinator.ended_because(), "finished");
}

TEST_F(Restart, NobodyIsWaitedForForEver) {
  lead(5, 5);
  KeepingOutlet outlet;
  Coordinator coordinator(life_options(5), open(), outlet);
  coordinator.handle(Started{}, Instant{0});
  coordinator.handle(Tick{}, kFinishWait);
  EXPECT_TRUE(coordinator.ended());
}

TEST_F(Restart, ACheckpointThatTheEndPreventedIsTakenLater) {
  lead(31, 1000);
  {
    // Its decision is committed, its checkpoint is not.
    auto ledger = open();
    auto options = life_options(1000);
    auto start = start_run(options, *ledger);
    ASSERT_TRUE(start.ok());
    CountingRoom room = room_of(options.config, options.tensors, std::move(start->x), 31,
                                std::move(start->carried));
    room.count({"ann", 31}, psephos::testing::held(psephos::testing::signs_of(opinion("ann", 31))));
    ASSERT_TRUE(ledger->commit(close(room).record, {}, nullptr).ok());
  }
  Life life(life_options(1000), [this] { return open(); });
  EXPECT_EQ(life.round(), 32u);
  EXPECT_EQ(life.coordinator->ledger().newest_checkpoint()->round, 32u);
}

TEST_F(Restart, ADecisionThatDoesNotGiveItsFingerprintEndsIt) {
  lead(5, 1000);
  {
    auto ledger = open();
    DecisionRecord record = *ledger->decision(4);
    record.round = 5;
    record.votes = encode(psephos::testing::signs_of(std::string(kLifeParameters, '+')));
    ASSERT_TRUE(ledger->commit(std::make_shared<DecisionRecord>(record), {}, nullptr).ok());
  }
  KeepingOutlet outlet;
  try {
    Coordinator coordinator(life_options(1000), open(), outlet);
    FAIL() << "went on with a broken ledger";
  } catch (const LedgerFailed& error) {
    EXPECT_NE(std::string(error.what()).find("round 5"), std::string::npos) << error.what();
  }
}

TEST_F(Restart, WhoCameAndWentIsInTheLedger) {
  {
    Life life(life_options(1000), [this] { return open(); });
    life.coordinator->handle(FrameArrived{"cat", "", join_frame("cat")}, life.now);
    life.coordinator->handle(
        FrameArrived{"cat", "", wire::build(wire::Leave{2, wire::LeaveReason::kStopped})},
        life.now);
    for (const char* name : {"ann", "ben"}) life.vote(name, 0);
    ASSERT_EQ(life.round(), 1u);
  }
  auto file = LedgerFile::open(path(), LedgerFile::Use::kLook);
  ASSERT_TRUE(file.ok());
  const auto membership = file->membership(*file->decision(0));
  ASSERT_TRUE(membership.ok());
  using Kind = MembershipEvent::Kind;
  EXPECT_EQ(membership->events, (std::vector<MembershipEvent>{{Kind::kJoined, "ann"},
                                                              {Kind::kJoined, "ben"},
                                                              {Kind::kJoined, "cat"},
                                                              {Kind::kLeft, "cat"}}));
}

}  // namespace
}  // namespace psephos::coordinator
