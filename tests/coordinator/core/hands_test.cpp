// A coordinator whose ballots are read later, and whose counter answers later or loses what it has.

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "runtime/replica/fingerprint.h"
#include "tests/coordinator/core/outlet.h"
#include "tests/coordinator/counting/late_counter.h"

namespace psephos::coordinator::hands_test {
namespace {

using namespace testing;
using wire::RefusalCode;

constexpr std::size_t kParameters = 300;
constexpr std::uint64_t kRun = 77;
constexpr std::uint64_t kSession = 88;

class LateReader : public BallotReader {
 public:
  void read(ReadBallot task) override { tasks.push_back(std::move(task)); }
  std::optional<BallotRead> take() override {
    if (done.empty()) return std::nullopt;
    BallotRead first = std::move(done.front());
    done.pop_front();
    return first;
  }
  void finish() {
    for (const ReadBallot& task : std::exchange(tasks, {})) done.push_back(read_ballot(task));
  }

  std::vector<ReadBallot> tasks;
  std::deque<BallotRead> done;
};

CoordinatorOptions options_of(std::uint32_t min_voters) {
  CoordinatorOptions options;
  options.config.hyper.rounds = 64;
  options.config.min_voters = min_voters;
  options.config.eval_every = 0;
  options.tensors = {{"weight", 0, kParameters, 0.25F}};
  options.run = kRun;
  options.session = kSession;
  options.held_out = false;
  return options;
}

struct LateHands : ::testing::Test {
  void lead(std::uint32_t min_voters, bool reads_late = false) {
    Hands hands;
    if (reads_late) {
      auto made = std::make_unique<LateReader>();
      reader = made.get();
      hands.reader = std::move(made);
    }
    hands.make_counter = [this](CounterStart start) {
      auto made = std::make_unique<LateCounter>(std::move(start));
      counter = made.get();
      return made;
    };
    coordinator.emplace(options_of(min_voters), std::make_unique<MemoryLedger>(), outlet,
                        std::move(hands));
    coordinator->handle(Started{}, now);
  }

  void frame(const std::string& peer, const Frame& frame) {
    coordinator->handle(FrameArrived{peer, "", frame}, now);
  }
  void join(const std::string& name) { frame(name, join_frame(name)); }
  void vote(const std::string& name, std::uint32_t round, char sign = '+') {
    frame(name, vote_frame(kSession, kRun, round, std::string(kParameters, sign)));
  }
  void answer() {
    counter->answer();
    coordinator->collect(now);
  }
  std::uint32_t round() const { return coordinator->session().round(); }
  template <class T>
  std::size_t heard() const {
    std::size_t count = 0;
    for (const auto& [peer, frame] : outlet.sent) {
      const auto message = wire::read_coordinator_frame(*frame, kParameters);
      EXPECT_TRUE(message.ok());
      count += std::holds_alternative<T>(*message);
    }
    return count;
  }
  std::vector<std::string> asked_again() const {
    std::vector<std::string> peers;
    for (const auto& [peer, frame] : outlet.sent) {
      const auto message = wire::read_coordinator_frame(*frame, kParameters);
      const auto* refusal = std::get_if<wire::Refusal>(&*message);
      if (refusal && refusal->code == static_cast<std::uint8_t>(RefusalCode::kResend)) {
        peers.push_back(peer);
      }
    }
    return peers;
  }

  KeepingOutlet outlet;
  Instant now{0};
  LateReader* reader = nullptr;    // the coordinator's
  LateCounter* counter = nullptr;  // likewise
  std::optional<Coordinator> coordinator;
};

TEST_F(LateHands, NothingIsToldBeforeTheCounterHasAnswered) {
  lead(2);
  join("ann");
  join("ben");
  const std::uint64_t before = coordinator->session().fingerprint();
  vote("ann", 0);
  vote("ben", 0);
  ASSERT_TRUE(counter->closing());
  outlet.sent.clear();
  // Whoever asks meanwhile is answered from the ledger.
  frame("ann", wire::build(wire::CatchUp{.session = kSession, .have_round = 0}));
  join("cat");
  EXPECT_EQ(round(), 0u);
  EXPECT_EQ(coordinator->session().fingerprint(), before);
  EXPECT_EQ(heard<wire::Decision>(), 0u);
  EXPECT_EQ(coordinator->ledger().rounds(), 0u);
  answer();
  EXPECT_EQ(round(), 1u);
  EXPECT_EQ(heard<wire::Decision>(), 3u);
  EXPECT_EQ(coordinator->ledger().rounds(), 1u);
  EXPECT_EQ(fingerprint(coordinator->parameters()), coordinator->session().fingerprint());
}

TEST_F(LateHands, CheckpointsAreOfTheRoundThatWasAnswered) {
  lead(1);
  join("ann");
  for (std::uint32_t k = 0; k < kCheckpointEvery; ++k) {
    vote("ann", k, k % 3 == 0 ? '-' : '+');
    answer();
  }
  const CheckpointRef checkpoint = coordinator->ledger().newest_checkpoint();
  EXPECT_EQ(checkpoint->round, kCheckpointEvery);
  EXPECT_EQ(checkpoint->fingerprint, fingerprint(coordinator->parameters()));
}

TEST_F(LateHands, BallotsThatTheCounterLosesAreAskedForAgainAndCountedOnce) {
  lead(2);
  join("ann");
  join("ben");
  vote("ann", 0);
  counter->lose();
  outlet.sent.clear();
  coordinator->collect(now);
  EXPECT_EQ(asked_again(), (std::vector<std::string>{"ann", "ben"}));
  vote("ann", 0);
  vote("ben", 0);
  answer();
  ASSERT_EQ(round(), 1u);
  EXPECT_EQ(coordinator->ledger().decision(0)->counted,
            (std::vector<CountedBallot>{{"ann", 0}, {"ben", 0}}));
}

TEST_F(LateHands, ALossThatAnEventBringsIsHeardBeforeTheNextBallotCounts) {
  lead(2);
  join("ann");
  join("ben");
  vote("ann", 0);
  counter->lose();
  vote("ben", 0);  // counted, and lost with the rest
  EXPECT_EQ(asked_again(), (std::vector<std::string>{"ann", "ben"}));
  vote("ben", 0);
  vote("ann", 0);
  answer();
  ASSERT_EQ(round(), 1u);
  EXPECT_EQ(coordinator->ledger().decision(0)->voters, 2u);
}

TEST_F(LateHands, ALostCloseOpensTheRoundAgainAndItsLateAnswerIsIgnored) {
  lead(2);
  join("ann");
  join("ben");
  vote("ann", 0, '-');
  vote("ben", 0, '-');
  const CounterClosed overtaken = counter->give_up();
  coordinator->collect(now);
  EXPECT_EQ(asked_again(), (std::vector<std::string>{"ann", "ben"}));
  counter->answer_late(overtaken);
  coordinator->collect(now);
  EXPECT_EQ(round(), 0u);
  vote("ann", 0);
  vote("ben", 0);
  counter->answer_late(overtaken);
  coordinator->collect(now);
  EXPECT_EQ(round(), 0u);
  answer();
  EXPECT_EQ(round(), 1u);
  EXPECT_NE(coordinator->session().fingerprint(), overtaken.fingerprint);
}

TEST_F(LateHands, AStopWaitsForTheRoundThatIsBeingClosed) {
  lead(1);
  join("ann");
  vote("ann", 0);
  coordinator->handle(StopAsked{}, now);
  coordinator->handle(StopAsked{}, now);
  EXPECT_FALSE(coordinator->ended());
  answer();
  ASSERT_TRUE(coordinator->ended());
  EXPECT_EQ(coordinator->ended_because(), "interrupted");
  EXPECT_EQ(coordinator->summary().rounds, 1u);
  EXPECT_EQ(coordinator->ledger().rounds(), 1u);
}

TEST_F(LateHands, AStopWhileACloseIsLostEndsWithTheRoundsBefore) {
  lead(1);
  join("ann");
  vote("ann", 0);
  coordinator->handle(StopAsked{}, now);
  coordinator->handle(StopAsked{}, now);
  const CounterClosed overtaken = counter->give_up();
  coordinator->collect(now);
  ASSERT_TRUE(coordinator->ended());
  counter->answer_late(overtaken);
  coordinator->collect(now);
  EXPECT_EQ(coordinator->summary().rounds, 0u);
  EXPECT_EQ(coordinator->ledger().rounds(), 0u);
  EXPECT_EQ(fingerprint(coordinator->parameters()), coordinator->session().fingerprint());
}

TEST_F(LateHands, BallotsAreCountedWhenTheirReaderIsDone) {
  lead(2, true);
  join("ann");
  join("ben");
  vote("ann", 0);
  vote("ben", 0);
  vote("ben", 0);
  EXPECT_EQ(reader->tasks.size(), 2u);
  EXPECT_FALSE(counter->closing());
  reader->finish();
  coordinator->collect(now);
  EXPECT_TRUE(counter->closing());
  answer();
  EXPECT_EQ(round(), 1u);
  EXPECT_EQ(coordinator->ledger().decision(0)->voters, 2u);
}

}  // namespace
}  // namespace psephos::coordinator::hands_test
