// Frames of strangers, of other sessions and of no meaning; presence and absence.

#include <gtest/gtest.h>

#include "tests/coordinator/session/machine.h"

namespace psephos::coordinator {
namespace {

using namespace testing;
using wire::RefusalCode;

std::vector<Frame> one_of_each(std::uint64_t session) {
  return {ballot_frame(0, std::string(kParameters, '+'), session),
          wire::build(wire::CatchUp{.session = session}),
          wire::build(wire::Evaluation{session, 0, 1.0, 0.5, 10}),
          wire::build(wire::ClientMessage{wire::Heartbeat{session, 0}}),
          wire::build(wire::Leave{session, wire::LeaveReason::kStopped})};
}

TEST(SessionFrames, OfStrangersAreAnsweredWithRejoinAndNothingElse) {
  Machine machine(config_for(1));
  std::vector<Frame> frames = one_of_each(kSession);
  frames.push_back(std::make_shared<const Bytes>());
  frames.push_back(std::make_shared<const Bytes>(5, std::uint8_t{0xFF}));
  frames.push_back(std::make_shared<const Bytes>(100'000, std::uint8_t{0}));
  const Frame join = wire::build(join_of("ann"));
  frames.push_back(std::make_shared<const Bytes>(join->begin(), join->end() - 8));
  frames.push_back(wire::build(wire::Finished{kSession, 0, 0}));  // not for a coordinator
  for (const Frame& frame : frames) {
    machine.frame("stranger", frame);
    EXPECT_EQ(machine.actions.size(), 1u);
    EXPECT_EQ(machine.refusals("stranger"), std::vector{RefusalCode::kRejoin});
  }
  EXPECT_EQ(machine.session.clients(), 0u);
}

TEST(SessionFrames, OfAnotherSessionAreDropped) {
  Machine machine(config_for(1));
  machine.join("ann");
  for (const Frame& frame : one_of_each(kSession + 1)) {
    machine.frame("ann", frame);
    EXPECT_TRUE(machine.actions.empty());
  }
  machine.ballot("ann", 0);
  EXPECT_TRUE(machine.asked<CountBallot>());
}

TEST(SessionFrames, ThatCannotBeReadAreRefusedAsMalformed) {
  Machine machine(config_for(1));
  machine.join("ann");
  machine.frame("ann", std::make_shared<const Bytes>(64, std::uint8_t{0xAB}));
  EXPECT_EQ(machine.refusals("ann"), std::vector{RefusalCode::kMalformed});
  machine.frame("ann", std::make_shared<const Bytes>(wire::coordinator_max_frame(kParameters) + 1));
  EXPECT_EQ(machine.refusals("ann"), std::vector{RefusalCode::kMalformed});
}

TEST(SessionFrames, OfMessagesOfALaterVersionAreAnsweredWithNothing) {
  Machine machine(config_for(1));
  machine.join("ann");
  const Frame frame = wire::build(wire::ClientMessage{wire::UnknownMessage{77}});
  for (const char* peer : {"ann", "stranger"}) {
    machine.frame(peer, frame);
    EXPECT_TRUE(machine.actions.empty()) << peer;
  }
}

TEST(SessionFrames, HeartbeatIsEchoedWithTheOpenRound) {
  Machine machine(config_for(1));
  machine.join("ann");
  machine.ballot("ann", 0);
  machine.heartbeat("ann");
  const auto echoes = machine.heard<wire::Heartbeat>("ann");
  ASSERT_EQ(echoes.size(), 1u);
  EXPECT_EQ(echoes.front().session, kSession);
  EXPECT_EQ(echoes.front().round, 1u);
}

TEST(SessionFrames, ThreeMissedHeartbeatsEndTheWaitForAClient) {
  RunConfig config = config_for(2);
  config.min_clients = 3;
  Machine machine(config);
  machine.join_all({"ann", "ben", "cat"});
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  for (int i = 0; i < 2; ++i) {
    machine.pass(milliseconds(1000));
    machine.heartbeat("ann");
    machine.heartbeat("ben");
  }
  EXPECT_EQ(machine.session.round(), 0u);  // cat may still answer
  machine.pass(milliseconds(2100));
  EXPECT_EQ(machine.session.round(), 1u);
  EXPECT_EQ(machine.frames_to("cat"), 0u);  // nor is it sent the decision
  EXPECT_EQ(machine.heard<wire::Decision>("ann").size(), 1u);
}

TEST(SessionFrames, AnyFrameOfASilentClientBringsItBack) {
  Machine machine(config_for(1));
  machine.join_all({"ann", "ben"});
  for (int i = 0; i < 5; ++i) {
    machine.pass(milliseconds(1000));
    machine.heartbeat("ann");
  }
  machine.heartbeat("ben");
  machine.ballot("ann", 0);
  EXPECT_EQ(machine.session.round(), 1u);  // not expected in this one
  EXPECT_EQ(machine.heard<wire::Decision>("ben").size(), 1u);
  machine.ballot("ann", 1);
  EXPECT_EQ(machine.session.round(), 1u);  // but in this one
}

// The round opened while ben was silent, and ann alone is too few: without a Call to ben nobody
// would ever close it.
TEST(SessionFrames, ClientBackFromSilenceIsCalledToTheOpenRound) {
  Machine machine(config_for(2));
  machine.join_all({"ann", "ben"});
  machine.ballot("ben", 0);
  for (int i = 0; i < 5; ++i) {
    machine.pass(milliseconds(1000));
    machine.heartbeat("ann");
  }
  machine.ballot("ann", 0);
  ASSERT_EQ(machine.session.round(), 1u);
  EXPECT_EQ(machine.frames_to("ben"), 0u);
  machine.heartbeat("ben");
  const auto calls = machine.heard<wire::Call>("ben");
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls.front().round, 1u);
  machine.heartbeat("ben");
  EXPECT_TRUE(machine.heard<wire::Call>("ben").empty());  // once is enough
  machine.ballot("ann", 1);
  machine.ballot("ben", 1);
  EXPECT_EQ(machine.session.round(), 2u);
}

TEST(SessionFrames, LeaveEndsTheWaitForAClientUntilItJoinsAgain) {
  RunConfig config = config_for(1);
  config.min_clients = 2;
  Machine machine(config);
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  EXPECT_EQ(machine.session.round(), 0u);
  machine.leave("ben");
  EXPECT_EQ(machine.session.round(), 1u);
  EXPECT_EQ(machine.frames_to("ben"), 0u);
  machine.heartbeat("ben");
  EXPECT_TRUE(machine.actions.empty());
  machine.join("ben");
  EXPECT_EQ(machine.only<wire::Welcome>("ben").round, 1u);
  machine.heartbeat("ben");
  EXPECT_EQ(machine.heard<wire::Heartbeat>("ben").size(), 1u);
}

// It missed the decision, and with it the invitation to the open round, which a Past repeats.
TEST(SessionFrames, ClientThatCatchesUpIsInvitedByThePastAndNotCalled) {
  Machine machine(config_for(2));
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  ASSERT_EQ(machine.session.round(), 1u);
  const wire::CatchUp request{.session = kSession, .have_round = 0};
  machine.tell("ben", request);
  EXPECT_EQ(machine.only<AnswerCatchUp>().identity, "ben");
  EXPECT_EQ(machine.only<AnswerCatchUp>().asker,
            (Asker{.counted_through = 0, .vote = true, .evaluate = false}));
  EXPECT_EQ(machine.frames_to("ben"), 0u);
  machine.ballot("ben", 1);
  machine.tell("ben", request);
  EXPECT_EQ(machine.frames_to("ben"), 0u);
}

TEST(SessionFrames, CatchUpIsPassedOnAndRateLimitedPerClient) {
  Machine machine(config_for(3));
  machine.join_all({"ann", "ben"});
  const wire::CatchUp request{.session = kSession, .have_round = 0};
  int answered = 0;
  for (int i = 0; i < 1000; ++i) {
    machine.tell("ann", request);
    answered += machine.asked<AnswerCatchUp>() ? 1 : 0;
  }
  EXPECT_EQ(answered, static_cast<int>(kCatchUpBurst));
  EXPECT_EQ(machine.session.traffic().catch_ups_put_off, 1000 - kCatchUpBurst);
  const auto refusals = machine.heard<wire::Refusal>("ann");
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals.front().code, static_cast<std::uint8_t>(RefusalCode::kBusy));
  EXPECT_GT(refusals.front().wait_ms, 0u);
  machine.tell("ben", request);
  ASSERT_TRUE(machine.asked<AnswerCatchUp>());
  EXPECT_EQ(machine.only<AnswerCatchUp>().peer, "ben");
  machine.join("ann");  // buys nothing
  machine.tell("ann", request);
  EXPECT_FALSE(machine.asked<AnswerCatchUp>());
  machine.pass(milliseconds(1000));
  answered = 0;
  for (int i = 0; i < 1000; ++i) {
    machine.tell("ann", request);
    answered += machine.asked<AnswerCatchUp>() ? 1 : 0;
  }
  EXPECT_EQ(answered, static_cast<int>(kCatchUpsPerSecond));
}

}  // namespace
}  // namespace psephos::coordinator
