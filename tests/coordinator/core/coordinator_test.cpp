#include "coordinator/core/coordinator.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <stdexcept>

#include "runtime/replica/fingerprint.h"
#include "runtime/replica/initial_parameters.h"
#include "runtime/signs/decision_codec.h"
#include "runtime/wire/limits.h"
#include "tests/coordinator/core/outlet.h"
#include "tests/runtime/wire/examples.h"

namespace psephos::coordinator::coordinator_test {
namespace {

using namespace testing;
using wire::testing::Dice;

constexpr std::size_t kParameters = 1100;
constexpr std::uint64_t kRun = 77;
constexpr std::uint64_t kSession = 88;

CoordinatorOptions options_of(std::uint32_t min_voters, std::uint32_t rounds) {
  CoordinatorOptions options;
  options.config.hyper.rounds = rounds;
  options.config.hyper.seed = 5;
  options.config.min_voters = min_voters;
  options.config.weight_decay = 0.1;
  options.config.lr = 0.01;
  options.tensors = {{"weight", 0, 1000, 0.25F}, {"bias", 1000, 100, 0}};
  options.run = kRun;
  options.session = kSession;
  options.held_out = false;
  return options;
}

// Everybody has one opinion per round, so what a decision must be follows from who was counted.
std::string opinion(const std::string& name, std::uint32_t round) {
  std::uint32_t seed = 1000 * round;
  for (const char c : name) seed = 31 * seed + static_cast<unsigned char>(c);
  return psephos::testing::random_text(kParameters, seed % 3 * 20, seed);
}

class Bench {
 public:
  explicit Bench(const CoordinatorOptions& options)
      : coordinator(options, std::make_unique<MemoryLedger>(), outlet) {
    coordinator.handle(Started{}, now);
  }

  void frame(const std::string& peer, const Frame& frame) {
    bytes_up += frame->size();
    coordinator.handle(FrameArrived{peer, "", frame}, now);
  }
  void join(const std::string& name) { frame(name, join_frame(name)); }
  void vote(const std::string& name, std::uint32_t round) {
    frame(name, vote_frame(kSession, kRun, round, opinion(name, round)));
  }
  std::uint32_t round() const { return coordinator.session().round(); }

  KeepingOutlet outlet;
  Instant now{0};
  std::uint64_t bytes_up = 0;
  Coordinator coordinator;
};

TEST(Coordinator, StartsFromTheInitialParametersWithACheckpointOfThem) {
  const CoordinatorOptions options = options_of(1, 10);
  const Bench bench(options);
  Replica x(kParameters);
  fill_initial_parameters(options.tensors, 5, x.mutable_parameters());
  EXPECT_EQ(fingerprint(bench.coordinator.parameters()), x.fingerprint());
  EXPECT_EQ(bench.coordinator.session().fingerprint(), x.fingerprint());
  ASSERT_TRUE(bench.coordinator.ledger().newest_checkpoint());
  EXPECT_EQ(bench.coordinator.ledger().newest_checkpoint()->fingerprint, x.fingerprint());
  EXPECT_EQ(bench.coordinator.ledger().rounds(), 0u);
}

TEST(Coordinator, StartsFromGivenParametersAndTellsClientsSo) {
  CoordinatorOptions options = options_of(1, 10);
  options.x_0.assign(kParameters, 0.25f);
  Replica x(kParameters);
  std::ranges::copy(options.x_0, x.mutable_parameters().begin());
  Bench bench(options);
  EXPECT_EQ(bench.coordinator.session().fingerprint(), x.fingerprint());
  EXPECT_EQ(bench.coordinator.ledger().newest_checkpoint()->fingerprint, x.fingerprint());
  bench.join("ann");
  ASSERT_FALSE(bench.outlet.sent.empty());
  const auto message = wire::read_coordinator_frame(*bench.outlet.sent[0].second, kParameters);
  ASSERT_TRUE(message.ok());
  EXPECT_TRUE(std::get<wire::Welcome>(*message).x0_given);

  Bench drawn(options_of(1, 10));
  drawn.join("ann");
  const auto other = wire::read_coordinator_frame(*drawn.outlet.sent[0].second, kParameters);
  ASSERT_TRUE(other.ok());
  EXPECT_FALSE(std::get<wire::Welcome>(*other).x0_given);
}

TEST(Coordinator, ClientsThatApplyItsDecisionsHoldItsReplica) {
  const CoordinatorOptions options = options_of(2, 100);
  Bench bench(options);
  bench.join("ann");
  bench.join("ben");
  Replica x(kParameters);
  fill_initial_parameters(options.tensors, 5, x.mutable_parameters());
  std::optional<PackedSigns> before;
  for (std::uint32_t round = 0; round < 70; ++round) {
    bench.outlet.sent.clear();
    bench.vote("ann", round);
    bench.vote("ben", round);
    ASSERT_EQ(bench.outlet.sent.size(), 2u);
    EXPECT_EQ(bench.outlet.sent[0].second, bench.outlet.sent[1].second);
    const auto message = wire::read_coordinator_frame(*bench.outlet.sent[0].second, kParameters);
    ASSERT_TRUE(message.ok());
    const auto& decision = std::get<wire::Decision>(*message);
    ASSERT_EQ(decision.round, round);
    auto signs = decode_decision(decision.encoding, decision.planes, kParameters,
                                 before ? &*before : nullptr);
    ASSERT_TRUE(signs.ok());
    x.apply(*signs, decision.delta, decision.keep);
    before = *std::move(signs);
    ASSERT_EQ(x.fingerprint(), decision.fingerprint);
    ASSERT_EQ(fingerprint(bench.coordinator.parameters()), decision.fingerprint);
    ASSERT_EQ(bench.coordinator.session().fingerprint(), decision.fingerprint);
    const std::uint32_t newest = (round + 1) / kCheckpointEvery * kCheckpointEvery;
    ASSERT_EQ(bench.coordinator.ledger().newest_checkpoint()->round, newest);
  }
}

TEST(Coordinator, AccountsForEveryByteAndSummarises) {
  Bench bench(options_of(2, 3));
  bench.join("ann");
  bench.join("ben");
  bench.frame("stranger", std::make_shared<const Bytes>(33));
  for (std::uint32_t round = 0; round < 3; ++round) {
    bench.vote("ann", round);
    bench.vote("ann", round);
    bench.vote("ben", round);
    EXPECT_EQ(bench.outlet.rows.back().bytes_up, bench.bytes_up);
  }
  ASSERT_EQ(bench.outlet.rows.size(), 3u);
  EXPECT_FALSE(bench.coordinator.ended());
  const Frame leave =
      wire::build(wire::Leave{.session = kSession, .reason = wire::LeaveReason::kFinished});
  bench.frame("ann", leave);
  bench.frame("ben", leave);
  ASSERT_TRUE(bench.coordinator.ended());
  EXPECT_EQ(bench.coordinator.ended_because(), "finished");
  const Summary summary = bench.coordinator.summary();
  EXPECT_FALSE(summary.interrupted);
  EXPECT_EQ(summary.stopped_because, "finished");
  EXPECT_EQ(summary.rounds, 3u);
  EXPECT_EQ(summary.d, kParameters);
  EXPECT_EQ(summary.clients, 2u);
  EXPECT_EQ(summary.bytes_up, bench.bytes_up);
  EXPECT_EQ(summary.bytes_down, bench.outlet.bytes);
  EXPECT_EQ(summary.ballots_counted, 6u);
  EXPECT_EQ(summary.decisions_sent, 6u);
  EXPECT_EQ(summary.fingerprint, fingerprint(bench.coordinator.parameters()));
  EXPECT_EQ(summary.seed, 5u);
  EXPECT_EQ(summary.run, kRun);
  EXPECT_LE(summary.frame_overhead_up, wire::kMaxBallotOverhead);
  EXPECT_LE(summary.frame_overhead_down, wire::kMaxDecisionOverhead);
  std::size_t planes = 0;
  for (std::uint32_t round = 0; round < 3; ++round) {
    for (const char* name : {"ann", "ben"}) {
      planes += encode(psephos::testing::signs_of(opinion(name, round))).planes.size();
    }
  }
  EXPECT_DOUBLE_EQ(summary.bits_up_per_parameter,
                   8.0 * static_cast<double>(planes) / (6.0 * kParameters));
}

TEST(Coordinator, InterruptedRunSaysSo) {
  Bench bench(options_of(1, 10));
  bench.join("ann");
  bench.vote("ann", 0);
  bench.coordinator.handle(StopAsked{}, bench.now);
  bench.coordinator.handle(StopAsked{}, bench.now);
  ASSERT_TRUE(bench.coordinator.ended());
  EXPECT_TRUE(bench.coordinator.summary().interrupted);
  EXPECT_EQ(bench.coordinator.summary().stopped_because, "interrupted");
  EXPECT_EQ(bench.coordinator.summary().rounds, 1u);
}

TEST(Coordinator, EvaluatesACopyOfItsParameters) {
  CoordinatorOptions options = options_of(1, 10);
  options.held_out = true;
  options.config.eval_every = 2;
  Bench bench(options);
  bench.join("ann");
  bench.vote("ann", 0);
  EXPECT_TRUE(bench.outlet.evaluations.empty());
  bench.vote("ann", 1);
  ASSERT_EQ(bench.outlet.evaluations.size(), 1u);
  const auto [round, x] = bench.outlet.evaluations.front();
  EXPECT_EQ(round, 2u);
  const std::uint64_t then = fingerprint(bench.coordinator.parameters());
  bench.vote("ann", 2);
  EXPECT_NE(fingerprint(bench.coordinator.parameters()), then);
  EXPECT_EQ(fingerprint(*x), then);
  bench.coordinator.handle(HeldOutEvaluated{2, {0.5, 0.75, 10}}, bench.now);
  ASSERT_EQ(bench.outlet.evaluation_rows.size(), 1u);
  EXPECT_EQ(bench.outlet.evaluation_rows.front().round, 2u);
}

TEST(Coordinator, AnswersCatchUpFromItsLedger) {
  Bench bench(options_of(1, 100));
  bench.join("ann");
  for (std::uint32_t round = 0; round < 5; ++round) bench.vote("ann", round);
  bench.outlet.sent.clear();
  bench.frame("ann", wire::build(wire::CatchUp{.session = kSession, .have_round = 3}));
  ASSERT_EQ(bench.outlet.sent.size(), 1u);  // what it missed, and what it is asked for now
  EXPECT_EQ(bench.outlet.sent.front().first, "ann");
  const auto message = wire::read_coordinator_frame(*bench.outlet.sent.front().second, kParameters);
  ASSERT_TRUE(message.ok());
  const auto& past = std::get<wire::Past>(*message);
  EXPECT_EQ(past.have_round, 3u);
  EXPECT_EQ(past.round, 5u);
  EXPECT_TRUE(past.vote);
  EXPECT_FALSE(past.evaluate);
  EXPECT_EQ(past.counted_through, 3u);
  ASSERT_EQ(past.decisions.size(), 2u);
  EXPECT_EQ(past.decisions[1].fingerprint, fingerprint(bench.coordinator.parameters()));
  bench.outlet.sent.clear();
  bench.frame("ann", wire::build(wire::CatchUp{.session = kSession, .have_round = 5}));
  EXPECT_TRUE(bench.outlet.sent.empty());  // it has missed nothing
}

TEST(Coordinator, BallotsOfALostTallyAreNotCountedTwice) {
  Bench bench(options_of(2, 10));
  bench.join("ann");
  bench.join("ben");
  bench.vote("ann", 0);
  bench.coordinator.handle(TallyLost{0}, bench.now);
  bench.vote("ann", 0);
  bench.vote("ben", 0);
  ASSERT_EQ(bench.round(), 1u);
  const DecisionRef record = bench.coordinator.ledger().decision(0);
  EXPECT_EQ(record->voters, 2u);
  EXPECT_EQ(record->counted, (std::vector<CountedBallot>{{"ann", 0}, {"ben", 0}}));
}

class FullDisk : public MemoryLedger {
 public:
  Status commit(DecisionRef, const Membership&, CountsRef) override {
    return Error{"no space left"};
  }
};

TEST(Coordinator, TellsNobodyWhatCannotBeCommitted) {
  KeepingOutlet outlet;
  Coordinator coordinator(options_of(1, 10), std::make_unique<FullDisk>(), outlet);
  coordinator.handle(Started{}, Instant{0});
  coordinator.handle(FrameArrived{"ann", "", join_frame("ann")}, Instant{0});
  outlet.sent.clear();
  const Frame vote = vote_frame(kSession, kRun, 0, opinion("ann", 0));
  EXPECT_THROW(coordinator.handle(FrameArrived{"ann", "", vote}, Instant{0}), LedgerFailed);
  EXPECT_TRUE(outlet.sent.empty());
}

// Over random histories the ledger's decisions are what integers and plain floats make of those
// counted, each of them once, and no decision leaves before it is in the ledger.
TEST(Coordinator, RandomHistoriesAreCountedExactlyAndCommittedFirst) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    CoordinatorOptions options = options_of(1 + dice.below(3), 1000);
    options.config.fraction = dice.coin() ? 1.0 : 0.6;
    options.config.deadline_ms = 2000;
    Bench bench(options);
    Replica x(kParameters);
    fill_initial_parameters(options.tensors, 5, x.mutable_parameters());
    std::optional<PackedSigns> before;
    std::uint32_t seen = 0;
    for (int step = 0; step < 150; ++step) {
      const std::string name = "client-" + std::to_string(dice.below(5));
      switch (dice.below(12)) {
        case 0:
          bench.join(name);
          break;
        case 1:
          bench.now += std::chrono::milliseconds(dice.below(1500));
          bench.coordinator.handle(Tick{}, bench.now);
          break;
        case 2:
          if (dice.below(4) == 0) bench.coordinator.handle(TallyLost{bench.round()}, bench.now);
          break;
        default:
          bench.vote(name, bench.round() - (bench.round() > 0 ? dice.below(2) : 0));
      }
      for (const auto& [peer, frame] : std::exchange(bench.outlet.sent, {})) {
        const auto message = wire::read_coordinator_frame(*frame, kParameters);
        ASSERT_TRUE(message.ok());
        if (const auto* decision = std::get_if<wire::Decision>(&*message)) {
          ASSERT_TRUE(bench.coordinator.ledger().decision(decision->round));
        }
      }
      for (; seen < bench.coordinator.ledger().rounds(); ++seen) {
        const DecisionRef record = bench.coordinator.ledger().decision(seen);
        ASSERT_GE(record->voters, options.config.min_voters);
        ASSERT_EQ(record->voters, record->counted.size());
        std::set<std::string> voters;
        for (const CountedBallot& ballot : record->counted) voters.insert(ballot.identity);
        ASSERT_EQ(voters.size(), record->counted.size());
        std::vector<int> net(kParameters);
        for (const std::string& voter : voters) {
          const std::string signs = opinion(voter, seen);
          for (std::size_t i = 0; i < kParameters; ++i) {
            net[i] += signs[i] == '+' ? 1 : signs[i] == '-' ? -1 : 0;
          }
        }
        auto decision = decode_decision(record->votes.encoding, record->votes.planes, kParameters,
                                        before ? &*before : nullptr);
        ASSERT_TRUE(decision.ok());
        for (std::size_t i = 0; i < kParameters; ++i) {
          ASSERT_EQ(decision->at(i), net[i] > 0 ? 1 : net[i] < 0 ? -1 : 0);
        }
        x.apply(*decision, record->delta, record->keep);
        before = *std::move(decision);
        ASSERT_EQ(x.fingerprint(), record->fingerprint);
      }
    }
    ASSERT_EQ(bench.coordinator.summary().bytes_up, bench.bytes_up);
    ASSERT_EQ(bench.coordinator.summary().bytes_down, bench.outlet.bytes);
  }
}

}  // namespace
}  // namespace psephos::coordinator::coordinator_test
