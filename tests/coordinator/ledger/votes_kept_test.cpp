// A run whose decision rule remembers, when its ledger lacks votes, is damaged or is asked for what
// is long ago.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "coordinator/core/coordinator.h"
#include "coordinator/core/start.h"
#include "coordinator/ledger/history.h"
#include "coordinator/ledger/replay.h"
#include "coordinator/ledger/sqlite_ledger.h"
#include "coordinator/ledger/verify.h"
#include "runtime/rules/rule_state.h"
#include "runtime/wire/message.h"
#include "tests/coordinator/ledger/failing_vfs.h"
#include "tests/runtime/formats/temporary_folder.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos::coordinator::votes_kept_test {
namespace {

using testing::FailingVfs;

constexpr std::size_t kParameters = 120;
constexpr std::uint64_t kRun = 77;
constexpr std::uint64_t kSession = 5;

CoordinatorOptions options_of(std::uint32_t rounds = 1000) {
  CoordinatorOptions options;
  options.config.hyper.rounds = rounds;
  options.config.hyper.seed = 5;
  options.config.min_voters = 2;
  options.config.lr = 0.01;
  options.config.decision = *parse_decision_rule("momentum:0.9,0.01");
  options.tensors = {{"weight", 0, kParameters, 0.25F}};
  options.run = kRun;
  options.session = kSession;
  options.held_out = false;
  options.durable = true;
  return options;
}

struct Heard : Outlet {
  void send(const std::string& peer, const Frame& frame) override {
    sent.emplace_back(peer, frame);
  }
  void evaluate(std::uint32_t, std::shared_ptr<const AlignedVector<float>>) override {}
  void round_finished(const RoundRow&) override {}
  void evaluation_known(const EvaluationRow&) override {}
  void note(const std::string&) override {}

  std::vector<std::pair<std::string, Frame>> sent;
};

// A coordinator with clients that only vote: ann and ben always, cat in every third round, dan
// never.
class Led {
 public:
  explicit Led(std::unique_ptr<Ledger> ledger)
      : coordinator_(options_of(), std::move(ledger), outlet_) {
    coordinator_.handle(Started{}, Instant{0});
    for (const char* name : {"ann", "ben", "cat", "dan"}) {
      wire::Join join;
      join.name = name;
      join.arithmetic = "test";
      hear(name, wire::build(join));
    }
  }

  std::uint32_t round() const { return coordinator_.session().round(); }
  void play(std::uint32_t until) {
    while (round() < until) {
      const std::uint32_t open = round();
      for (const char* name : {"ann", "ben", "cat", "dan"}) vote(name, open);
      ASSERT_EQ(round(), open + 1);
    }
  }
  // What the one that asks is sent.
  Frame asked(const std::string& name, const wire::CatchUp& request) {
    outlet_.sent.clear();
    hear(name, wire::build(request));
    EXPECT_EQ(outlet_.sent.size(), 1u);
    return outlet_.sent.empty() ? nullptr : outlet_.sent.front().second;
  }
  Frame behind(const std::string& name, std::uint32_t have_round) {
    return asked(name, {.session = kSession, .have_round = have_round});
  }

 private:
  void hear(const std::string& peer, Frame frame) {
    coordinator_.handle(FrameArrived{peer, "", std::move(frame)}, Instant{0});
  }
  void vote(const std::string& name, std::uint32_t round) {
    wire::Ballot ballot;
    ballot.session = kSession;
    ballot.run = kRun;
    ballot.round = round;
    EncodedSigns votes;
    if (name != "dan" && (name != "cat" || round % 3 == 0)) {
      votes = encode(psephos::testing::signs_of(
          psephos::testing::random_text(kParameters, 10, round / 4 + name.back() % 7u)));
    }
    ballot.encoding = votes.encoding;
    ballot.planes = votes.planes;
    hear(name, wire::build(ballot));
  }

  Heard outlet_;
  Coordinator coordinator_;
};

std::uint32_t counted_through(const Frame& frame) {
  const auto message = wire::read_coordinator_frame(*frame, kParameters);
  EXPECT_TRUE(message.ok());
  const auto* past = message ? std::get_if<wire::Past>(&*message) : nullptr;
  EXPECT_NE(past, nullptr);
  return past == nullptr ? 0xDEADu : past->counted_through;
}

class VotesKept : public ::testing::Test {
 protected:
  VotesKept() { vfs_.syncs = false; }

  std::string path(const std::string& name = "run") const { return (folder_ / name).string(); }
  std::unique_ptr<SqliteLedger> open() {
    auto ledger = SqliteLedger::open(path(), FailingVfs::kName);
    EXPECT_TRUE(ledger.ok()) << (ledger ? "" : ledger.error().text);
    return ledger ? *std::move(ledger) : nullptr;
  }
  void play(std::uint32_t until) {
    Led led(open());
    led.play(until);
  }
  LedgerFile look() {
    auto file = LedgerFile::open(path(), LedgerFile::Use::kLook, FailingVfs::kName);
    EXPECT_TRUE(file.ok()) << (file ? "" : file.error().text);
    return *std::move(file);
  }
  Verification verified() {
    LedgerFile file = look();
    return verify(file);
  }
  void change(const std::string& sql) {
    auto database = sqlite::Database::open(path(), SQLITE_OPEN_READWRITE, "");
    const Status changed = database->run(sql.c_str());
    ASSERT_TRUE(changed.ok()) << changed.error().text;
  }
  // What going on with the ledger says; "": it goes on.
  std::string refusal(std::uint32_t rounds = 1000) {
    Heard outlet;
    try {
      const Coordinator coordinator(options_of(rounds), open(), outlet);
    } catch (const LedgerFailed& error) {
      return error.what();
    }
    return "";
  }
  void expect_fault(std::uint32_t round, const std::string& text) {
    const auto fault = verified().fault;
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->round, round);
    EXPECT_NE(fault->text.find(text), std::string::npos) << fault->text;
  }

  FailingVfs vfs_;
  TemporaryFolder folder_;
};

TEST_F(VotesKept, VerifyMissesThoseSinceTheNewestCheckpoint) {
  play(40);
  ASSERT_FALSE(verified().fault);
  change("DELETE FROM counts WHERE round = 35");
  expect_fault(35, "its votes are missing");
  EXPECT_NE(refusal().find("the votes since its newest checkpoint are missing"), std::string::npos);
}

TEST_F(VotesKept, VerifyMissesThoseThatOneCheckpointAloneHolds) {
  play(70);
  const Verification whole = verified();
  ASSERT_FALSE(whole.fault);
  EXPECT_EQ(whole.votes_gone_to, 32u);
  EXPECT_EQ(whole.decided_again, 38u);
  change("DELETE FROM counts WHERE round = 40");
  expect_fault(40, "its votes are missing");
}

TEST_F(VotesKept, VerifyMissesThemWhereTheCheckpointThatHeldThemIsGone) {
  play(70);
  change("DELETE FROM checkpoints WHERE round = 32");
  expect_fault(0, "no two checkpoints after it");
}

TEST_F(VotesKept, VerifyFindsAGapBeforeTheCheckpointsToo) {
  play(40);
  std::filesystem::copy(path(), path("before"));
  play(70);
  change("ATTACH '" + path("before") +
         "' AS before; INSERT INTO counts SELECT * FROM before.counts WHERE round = 10");
  expect_fault(11, "and those before it are not");
}

TEST_F(VotesKept, ARefusedStartLeavesTheLedgerAsItWas) {
  play(40);
  EXPECT_TRUE(check_votes(*open()).ok());
  change("DELETE FROM counts WHERE round = 35");
  EXPECT_NE(refusal(2000), "");
  EXPECT_EQ(look().run()->rounds, 1000u);
  EXPECT_FALSE(check_votes(*open()).ok());
}

TEST_F(VotesKept, ThoseThatAreDamagedEndTheStart) {
  play(40);
  change("UPDATE counts SET packed = zeroblob(9) WHERE round = 35");
  EXPECT_NE(refusal(2000).find("the counts of round 35"), std::string::npos);
  EXPECT_FALSE(check_votes(*open()).ok());
  EXPECT_EQ(look().run()->rounds, 1000u);
}

TEST_F(VotesKept, ADamagedCheckpointIsNoneThatTheyAreDroppedFor) {
  play(60);
  change("UPDATE checkpoints SET rule = zeroblob(50) WHERE round = 32");
  play(70);
  {
    LedgerFile file = look();
    EXPECT_EQ(*file.checkpoints(), (std::vector<std::uint32_t>{0, 64}));
    EXPECT_EQ(file.count_rows()->counts, 70);
  }
  const Verification result = verified();
  EXPECT_FALSE(result.fault) << result.fault->text;
  EXPECT_EQ(result.decided_again, 70u);
  // So the other may be damaged as well.
  std::filesystem::copy(path(), path("whole"));
  change("UPDATE checkpoints SET rule = zeroblob(50) WHERE round = 64");
  EXPECT_EQ(refusal(), "");
  std::filesystem::copy(path("whole"), path(), std::filesystem::copy_options::overwrite_existing);
  play(100);
  LedgerFile file = look();
  EXPECT_EQ(*file.checkpoints(), (std::vector<std::uint32_t>{0, 64, 96}));
  EXPECT_EQ(file.count_rows()->counts, 36);
}

TEST_F(VotesKept, AfterRoundZeroACheckpointRemembersSomething) {
  play(40);
  LedgerFile file = look();
  Bytes no_vectors;
  append_state({}, no_vectors);
  Bytes no_numbers;
  append_state({{"momentum", AlignedVector<float>()}}, no_numbers);
  for (const Bytes& rule : {no_vectors, no_numbers}) {
    Checkpoint first = **file.checkpoint(0);
    Checkpoint later = **file.checkpoint(32);
    ASSERT_TRUE(Replay::from(later, *file.run()).ok());
    first.rule = later.rule = rule;
    EXPECT_TRUE(Replay::from(first, *file.run()).ok());
    const auto replay = Replay::from(later, *file.run());
    ASSERT_FALSE(replay.ok());
    EXPECT_NE(replay.error().text.find("the rounds before are forgotten"), std::string::npos)
        << replay.error().text;
  }
}

TEST_F(VotesKept, ParametersFollowWithoutThemAndWithoutTheRule) {
  play(40);
  change("UPDATE counts SET packed = zeroblob(9)");
  LedgerFile file = look();
  const auto replay = replay_to(file, 40);
  ASSERT_TRUE(replay.ok()) << replay.error().text;
  EXPECT_EQ(replay->fingerprint(), file.decision(39)->record->fingerprint);
  RunRecord run = *file.run();
  run.words.replace(run.words.find("momentum"), 8, "mementos");
  EXPECT_FALSE(Replay::from(**file.checkpoint(32), run).ok());
  EXPECT_TRUE(Replay::of_parameters(**file.checkpoint(32), run).ok());
}

TEST_F(VotesKept, ALedgerToLookAtThatIsNotThereIsSaidToBe) {
  const auto file = LedgerFile::open(path("nosuch"), LedgerFile::Use::kLook);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().text, path("nosuch") + ": there is no such file");
}

TEST_F(VotesKept, AreReadFromTheFile) {
  play(70);
  const auto ledger = open();
  for (std::uint32_t round = 0; round < 70; ++round) {
    const auto counts = ledger->counts(round);
    ASSERT_TRUE(counts.ok());
    EXPECT_EQ(*counts != nullptr, round >= 32) << round;
    if (*counts) {
      EXPECT_EQ(hash_counts(**counts), ledger->decision(round)->counts_hash);
    }
  }
}

TEST_F(VotesKept, ABallotIsLookedUpInTheFileAsInMemory) {
  play(150);
  const auto ledger = open();
  ASSERT_FALSE(ledger->decision(60));  // memory has forgotten it
  // In round 0 nobody waits for cat.
  for (std::uint32_t round = 1; round < 150; ++round) {
    for (const std::uint32_t staleness : {0u, 2u, kMaxStaleness}) {
      EXPECT_TRUE(*ledger->is_counted("ann", round, staleness)) << round;
      EXPECT_EQ(*ledger->is_counted("cat", round, staleness), round % 3 == 0) << round;
      EXPECT_FALSE(*ledger->is_counted("dan", round, staleness)) << round;
    }
  }
  EXPECT_FALSE(*ledger->is_counted("ann", 150, 3));
  EXPECT_FALSE(*ledger->is_counted("ann", 0xFFFFFFFE, 3));
}

TEST_F(VotesKept, AListOfVotersThatIsDamagedIsNoAnswer) {
  play(150);
  change(
      "UPDATE decisions SET counted = x'0102' WHERE round = 9; "
      "DELETE FROM decisions WHERE round = 12");
  const auto ledger = open();
  EXPECT_TRUE(*ledger->is_counted("ann", 10, 0));
  for (const std::uint32_t round : {9u, 12u}) {
    const auto counted = ledger->is_counted("ann", round, 0);
    ASSERT_FALSE(counted.ok());
    EXPECT_NE(counted.error().text.find("the list of voters of round " + std::to_string(round)),
              std::string::npos)
        << counted.error().text;
  }
}

TEST_F(VotesKept, TheCoordinatorEndsWhereItCannotTellAVotersFate) {
  play(150);
  change("UPDATE decisions SET counted = x'0102' WHERE round = 9");
  Led led(open());
  EXPECT_EQ(counted_through(led.behind("ann", 10)), 10u);
  EXPECT_THROW((void)led.behind("ann", 9), LedgerFailed);
}

TEST_F(VotesKept, ACatchUpHearsOfTheRoundThatItHoldsAlone) {
  Led led(open());
  led.play(11);
  EXPECT_EQ(counted_through(led.behind("cat", 9)), 9u);
  EXPECT_EQ(counted_through(led.behind("cat", 6)), 6u);
  EXPECT_EQ(counted_through(led.behind("cat", 7)), wire::kNoRound);
  EXPECT_EQ(counted_through(led.behind("dan", 9)), wire::kNoRound);
  // Those who hold the same are sent the same frame.
  EXPECT_EQ(led.behind("cat", 10), led.behind("dan", 10));
  EXPECT_EQ(led.behind("ann", 10), led.behind("ben", 10));
  EXPECT_NE(led.behind("ann", 10), led.behind("dan", 10));
}

TEST_F(VotesKept, AfterARestartTheLedgerKnowsWhoWasCounted) {
  play(150);
  Led led(open());
  EXPECT_EQ(counted_through(led.behind("cat", 9)), 9u);
  EXPECT_EQ(counted_through(led.behind("cat", 10)), wire::kNoRound);
  EXPECT_EQ(counted_through(led.behind("cat", 147)), 147u);
  EXPECT_EQ(counted_through(led.behind("cat", 149)), wire::kNoRound);
  EXPECT_EQ(counted_through(led.behind("ann", 149)), 149u);
}

TEST_F(VotesKept, OneWithoutAReplicaHearsOfItsNewestBallotOnce) {
  Led led(open());
  led.play(11);
  wire::CatchUp request{.session = kSession, .reason = wire::CatchUpReason::kNoState};
  EXPECT_EQ(counted_through(led.asked("cat", request)), 9u);
  request.checkpoint = 0;
  EXPECT_EQ(counted_through(led.asked("cat", request)), wire::kNoRound);
}

}  // namespace
}  // namespace psephos::coordinator::votes_kept_test
