// A restart of a run whose rounds follow from those before: what the decision rule remembers and
// the scales of ballots go on, as if nobody had disturbed it.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "coordinator/core/start.h"
#include "coordinator/ledger/sqlite_ledger.h"
#include "coordinator/ledger/verify.h"
#include "tests/coordinator/core/life.h"
#include "tests/coordinator/ledger/failing_vfs.h"
#include "tests/runtime/formats/temporary_folder.h"
#include "tests/runtime/wire/examples.h"

namespace psephos::coordinator {
namespace {

using namespace testing;

CoordinatorOptions remembering() {
  CoordinatorOptions options = life_options(1000);
  options.config.decision = *parse_decision_rule("momentum:0.9,0.02");
  options.config.hyper.ballot = *parse_ballot_rule("stochastic-ternary:2");
  options.config.hyper.staleness = 0;
  options.durable = true;
  return options;
}

class RestartWithMemory : public ::testing::Test {
 protected:
  RestartWithMemory() { vfs_.syncs = false; }

  std::unique_ptr<Ledger> open() {
    auto ledger = SqliteLedger::open((folder_ / "run").string(), FailingVfs::kName);
    EXPECT_TRUE(ledger.ok()) << ledger.error().text;
    return *std::move(ledger);
  }
  void change(const std::string& sql) {
    auto database = sqlite::Database::open((folder_ / "run").string(), SQLITE_OPEN_READWRITE, "");
    const Status changed = database->run(sql.c_str());
    ASSERT_TRUE(changed.ok()) << changed.error().text;
  }
  static void play(Life& life, std::uint32_t until) {
    while (life.round() < until) {
      const std::uint32_t round = life.round();
      for (const char* name : {"ann", "ben"}) life.vote(name, round);
      ASSERT_EQ(life.round(), round + 1);
    }
  }
  // Fingerprints of the first `rounds` rounds of a run that nobody disturbs.
  static std::vector<std::uint64_t> undisturbed(std::uint32_t rounds) {
    Life life(remembering(), [] { return std::make_unique<MemoryLedger>(); });
    std::vector<std::uint64_t> fingerprints;
    for (std::uint32_t round = 0; round <= rounds; ++round) {
      play(life, round);
      fingerprints.push_back(life.fingerprint());
    }
    return fingerprints;
  }
  // What starting with the ledger as it is now says.
  std::string refusal() {
    KeepingOutlet outlet;
    try {
      const Coordinator coordinator(remembering(), open(), outlet);
    } catch (const LedgerFailed& error) {
      return error.what();
    }
    return "";
  }

  FailingVfs vfs_;
  TemporaryFolder folder_;
};

TEST_F(RestartWithMemory, InEveryRoundChangesNothing) {
  constexpr std::uint32_t kRounds = 110;
  Life undisturbed(remembering(), [] { return std::make_unique<MemoryLedger>(); });
  Life life(remembering(), [this] { return open(); });
  wire::testing::Dice dice(3);
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    play(undisturbed, round + 1);
    if (dice.below(3) == 0) {
      life.vote("ann", round);
      life.start();  // the open round's tally is gone
    }
    play(life, round + 1);
    ASSERT_EQ(life.fingerprint(), undisturbed.fingerprint()) << round;
    const DecisionRef mine = life.coordinator->ledger().decision(round);
    ASSERT_EQ(*mine, *undisturbed.coordinator->ledger().decision(round)) << round;
    ASSERT_NE(mine->counts_hash, 0u);
    if (dice.below(3) == 0) life.start();
  }
  life.coordinator.reset();
  auto file = LedgerFile::open((folder_ / "run").string(), LedgerFile::Use::kLook);
  ASSERT_TRUE(file.ok());
  const Verification result = verify(*file);
  EXPECT_FALSE(result.fault) << result.fault->text;
  EXPECT_EQ(result.decided_again, kRounds - 64);
}

TEST_F(RestartWithMemory, GoesOnWithTheScalesThatBallotsReportedFor) {
  Life life(remembering(), [this] { return open(); });
  play(life, 10);
  const RoundTerms terms = life.coordinator->ledger().decision(9)->next;
  ASSERT_EQ(terms.scales.size(), 1u);
  EXPECT_GT(terms.scales[0], 0);
  life.outlet.sent.clear();
  life.start();
  const auto welcome =
      wire::read_coordinator_frame(*life.outlet.sent.front().second, kLifeParameters);
  EXPECT_EQ(std::get<wire::Welcome>(*welcome).terms, terms);
}

TEST_F(RestartWithMemory, WithADamagedCheckpointGoesOnFromTheOneBefore) {
  const std::vector<std::uint64_t> expected = undisturbed(75);
  {
    Life life(remembering(), [this] { return open(); });
    play(life, 70);
  }
  for (const char* column : {"packed", "rule"}) {
    change(std::string("UPDATE checkpoints SET ") + column + " = zeroblob(200) WHERE round = 64");
    Life life(remembering(), [this] { return open(); });
    ASSERT_EQ(life.coordinator->ledger().newest_checkpoint()->round, 32u) << column;
    EXPECT_EQ(life.fingerprint(), expected[life.round()]);
    const std::uint32_t until = life.round() + 2;
    play(life, until);
    EXPECT_EQ(life.fingerprint(), expected[until]);
  }
}

TEST_F(RestartWithMemory, IsRefusedWhereVotesSinceTheCheckpointAreMissing) {
  {
    Life life(remembering(), [this] { return open(); });
    play(life, 70);
  }
  EXPECT_EQ(refusal(), "");
  change("DELETE FROM counts WHERE round = 66");
  EXPECT_NE(refusal().find("the votes since its newest checkpoint are missing"), std::string::npos)
      << refusal();
}

// Those before the older of them are dropped: there is no way from x_0 any more.
TEST_F(RestartWithMemory, IsRefusedWhereBothCheckpointsAreDamaged) {
  {
    Life life(remembering(), [this] { return open(); });
    play(life, 70);
  }
  change("UPDATE checkpoints SET rule = zeroblob(200) WHERE round > 0");
  EXPECT_NE(refusal().find("the votes since its newest checkpoint are missing"), std::string::npos)
      << refusal();
}

TEST_F(RestartWithMemory, IsRefusedWhereTheVotesDecideSomethingElse) {
  {
    Life life(remembering(), [this] { return open(); });
    play(life, 70);
  }
  auto file =
      LedgerFile::open((folder_ / "run").string(), LedgerFile::Use::kLead, FailingVfs::kName);
  ASSERT_TRUE(file.ok());
  Checkpoint checkpoint = **file->checkpoint(64);
  checkpoint.rule.clear();
  append_state({{"momentum", AlignedVector<float>(kLifeParameters, -1.0F)}}, checkpoint.rule);
  ASSERT_TRUE(file->add_checkpoint(checkpoint).ok());
  { const LedgerFile closed = *std::move(file); }
  EXPECT_NE(refusal().find("its votes decide something else"), std::string::npos) << refusal();
}

TEST_F(RestartWithMemory, WithoutAMemoryNoVotesAreKept) {
  CoordinatorOptions options = life_options(1000);
  options.durable = true;
  Life life(options, [this] { return open(); });
  play(life, 40);
  EXPECT_EQ(life.coordinator->ledger().decision(39)->counts_hash, 0u);
}

}  // namespace
}  // namespace psephos::coordinator
