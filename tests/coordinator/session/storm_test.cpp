// Anything, from anybody, in any order. The machine must neither crash nor count a key twice, and a
// well-behaved crowd must still get its rounds closed afterwards.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/coordinator/session/machine.h"
#include "tests/runtime/wire/examples.h"

namespace psephos::coordinator {
namespace {

using namespace testing;
using wire::testing::Dice;

constexpr std::uint32_t kPeers = 7;
constexpr std::uint32_t kNames = 6;

class Storm {
 public:
  explicit Storm(std::uint32_t seed) : dice_(seed), config_(config()), machine_(config_) {
    machine_.by_itself = dice_.coin();
    machine_.reads_at_once = dice_.coin();
  }

  void rage(int events) {
    for (int i = 0; i < events && !machine_.session.ended(); ++i) {
      one_event();
      check();
    }
  }

  // Everybody joins, stays and votes: rounds close.
  void expect_calm() {
    read_all();
    if (machine_.session.ended() || stopped_ || config_.max_clients < kNames) return;
    settle();
    machine_.by_itself = true;
    for (std::uint32_t i = 0; i < kNames; ++i) machine_.tell(peer(i), join_of(name(i)));
    const std::uint32_t start = machine_.session.round();
    for (int i = 0; i < 60 && machine_.session.round() < start + 2; ++i) {
      for (std::uint32_t who = 0; who < kNames; ++who) {
        machine_.heartbeat(peer(who));
        machine_.ballot(peer(who), machine_.session.round());
      }
      machine_.pass(milliseconds(1000));
    }
    ASSERT_GE(machine_.session.round(), start + 2);
  }

  void expect_end() {
    settle();
    machine_.stop();
    machine_.stop();
    ASSERT_TRUE(machine_.session.ended());
  }

 private:
  RunConfig config() {
    RunConfig config = config_for(1 + dice_.below(3));
    config.hyper.rounds = 1000;
    config.hyper.staleness = dice_.below(4);
    config.hyper.audience = dice_.coin() ? Audience::kAll : Audience::kDrawn;
    config.fraction = dice_.coin() ? 1.0 : 0.5;
    config.target_voters = dice_.coin() ? 0 : config.min_voters + dice_.below(2);
    config.min_clients = dice_.coin() ? 0 : config.min_voters + dice_.below(2);
    config.max_clients = 4 + dice_.below(5);
    config.downlink = dice_.coin() ? Downlink::kBinary : Downlink::kTernary;
    config.eval_every = dice_.below(3);
    config.client_eval = dice_.coin();
    return config;
  }

  static std::string peer(std::uint32_t i) { return "peer-" + std::to_string(i); }
  static std::string name(std::uint32_t i) { return "name-" + std::to_string(i); }

  void one_event() {
    const std::string from = peer(dice_.below(kPeers));
    if (!machine_.in_hand.empty() && dice_.coin()) return machine_.read();
    switch (dice_.below(20)) {
      case 0:
      case 1:
      case 2:
        return say(from, wire::build(join()));
      case 3:
        return machine_.pass(milliseconds(dice_.below(2500)));
      case 4:
        machine_.now += milliseconds(dice_.below(8000));
        return machine_.step(Tick{});
      case 5:
        if (dice_.below(4) != 0) return settle();
        return machine_.step(TallyLost{machine_.session.round()});
      case 6:
        if (dice_.below(40) != 0) return settle();
        stopped_ = true;
        return machine_.stop();
      case 7:
        return say(from, damaged());
      case 8:
      case 9:
        return say(from, replayed());
      default:
        return say(from, message());
    }
  }

  void read_all() {
    machine_.reads_at_once = true;
    while (!machine_.in_hand.empty()) machine_.read();
  }

  // What a counting room and a ledger would be doing meanwhile.
  void settle() {
    if (machine_.tally.size() < config_.min_voters) return machine_.step(Tick{});
    machine_.decide();
    if (machine_.asked<Commit>()) machine_.commit();
  }

  void say(const std::string& from, const Frame& frame) {
    sent_.push_back(frame);
    speakers_.insert(from);
    machine_.frame(from, frame);
  }

  Frame replayed() {
    if (sent_.empty()) return std::make_shared<const Bytes>();
    return sent_[dice_.below(static_cast<std::uint32_t>(sent_.size()))];
  }

  Frame damaged() {
    Bytes bytes(*replayed());
    if (dice_.coin()) bytes.resize(dice_.below(static_cast<std::uint32_t>(bytes.size()) + 1));
    for (std::uint32_t i = dice_.below(4); i > 0 && !bytes.empty(); --i) {
      bytes[dice_.below(static_cast<std::uint32_t>(bytes.size()))] ^=
          static_cast<std::uint8_t>(1u << dice_.below(8));
    }
    return std::make_shared<const Bytes>(std::move(bytes));
  }

  wire::Join join() {
    wire::Join join = join_of(name(dice_.below(kNames)));
    join.run = dice_.coin() ? kRun : wire::kAnyRun;
    join.have_round = dice_.below(8) == 0 ? dice_.word() : wire::kNoRound;
    join.epoch = dice_.below(3);
    return join;
  }

  Frame message() {
    const std::uint64_t session = dice_.below(10) == 0 ? dice_.number() : kSession;
    const std::uint32_t round =
        machine_.session.round() - dice_.below(2) * dice_.below(6) + (dice_.below(10) == 0 ? 1 : 0);
    switch (dice_.below(12)) {
      case 0:
        return wire::build(wire::ClientMessage{wire::Heartbeat{session, round}});
      case 1:
        return wire::build(wire::CatchUp{.session = session,
                                         .have_round = dice_.coin() ? round : wire::kNoRound,
                                         .checkpoint = dice_.word(),
                                         .chunk = dice_.word()});
      case 2:
        return wire::build(wire::Evaluation{session, round, 1.0, 0.5, dice_.number()});
      case 3:
        return wire::build(wire::Leave{session, static_cast<wire::LeaveReason>(dice_.below(3))});
      case 4:
        return dice_.coin() ? none_frame(round) : malformed_frame(round);
      default:
        return ballot_frame(
            round, psephos::testing::random_text(kParameters, dice_.below(2) * 30, dice_.word()),
            session);
    }
  }

  void check() {
    ASSERT_FALSE(::testing::Test::HasFailure());  // the machine's own objections
    ASSERT_LE(machine_.session.clients(), config_.max_clients);
    ASSERT_GE(machine_.session.next_tick(), Instant{0});
    for (const Action& action : machine_.actions) {
      if (const auto* count = std::get_if<CountBallot>(&action)) {
        check(*count);
      } else if (const auto* sent = std::get_if<SendFrame>(&action)) {
        ASSERT_TRUE(speakers_.contains(sent->peer));
        check(*sent->frame);
      } else if (const auto* finished = std::get_if<RoundFinished>(&action)) {
        ASSERT_GE(finished->row.voters, config_.min_voters);
        ASSERT_EQ(finished->row.round, ++rounds_);
      }
    }
  }

  void check(const CountBallot& count) {
    ASSERT_EQ(count.signs.view.parameters, kParameters);
    ASSERT_EQ(count.signs.view.signs.size(), word_count(kParameters));
    ASSERT_NE(count.signs.keeper, nullptr);
  }

  void check(const Bytes& frame) {
    const auto message = wire::read_coordinator_frame(frame, kParameters);
    ASSERT_TRUE(message.ok());
    if (const auto* decision = std::get_if<wire::Decision>(&*message)) {
      ASSERT_LT(decision->round, machine_.session.round());
      ASSERT_GE(decision->voters, config_.min_voters);
    }
  }

  Dice dice_;
  RunConfig config_;
  Machine machine_;
  std::vector<Frame> sent_;
  std::set<std::string> speakers_;
  std::uint32_t rounds_ = 0;
  bool stopped_ = false;
};

TEST(SessionStorm, NeverCountsAKeyTwiceAndCalmFollows) {
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    Storm storm(seed);
    storm.rage(100);
    storm.expect_calm();
    storm.expect_end();
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace psephos::coordinator
