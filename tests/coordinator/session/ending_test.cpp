// The end of a run: planned, or asked for in every phase.

#include <gtest/gtest.h>

#include "tests/coordinator/session/machine.h"

namespace psephos::coordinator {
namespace {

using namespace testing;
using wire::LeaveReason;

std::string ending(const Machine& machine) {
  const auto ends = machine.did<End>();
  if (ends.empty()) return "";
  EXPECT_TRUE(machine.session.ended());
  EXPECT_TRUE(std::holds_alternative<End>(machine.actions.back()));
  return ends.front().because;
}

// Ann and ben have voted in the only round of a run.
Machine finished_machine(bool held_out = false) {
  RunConfig config = config_for(2);
  config.hyper.rounds = 1;
  SessionOptions options = options_for(config);
  options.held_out = held_out;
  Machine machine(options);
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  return machine;
}

TEST(SessionEnding, FinishedFollowsTheLastDecisionAndWaitsForAllWhoAreLive) {
  Machine machine = finished_machine();
  for (const char* name : {"ann", "ben"}) {
    const auto decisions = machine.heard<wire::Decision>(name);
    ASSERT_EQ(decisions.size(), 1u);
    EXPECT_FALSE(decisions.front().vote);
    const auto finished = machine.heard<wire::Finished>(name);
    ASSERT_EQ(finished.size(), 1u);
    EXPECT_EQ(finished.front().session, kSession);
    EXPECT_EQ(finished.front().rounds, 1u);
    EXPECT_EQ(finished.front().fingerprint, kFirstFingerprint + 1);
  }
  machine.leave("ann", LeaveReason::kFinished);
  EXPECT_FALSE(machine.session.ended());
  machine.leave("ben", LeaveReason::kFinished);
  EXPECT_EQ(ending(machine), "finished");
  machine.join("cat");
  EXPECT_TRUE(machine.actions.empty());
  EXPECT_EQ(machine.session.next_tick(), Instant::max());
}

TEST(SessionEnding, AnswersJoinCatchUpAndHeartbeatMeanwhile) {
  Machine machine = finished_machine();
  machine.join("cat");
  EXPECT_EQ(machine.heard<wire::Welcome>("cat").size(), 1u);
  EXPECT_FALSE(machine.only<wire::Welcome>("cat").vote);
  EXPECT_EQ(machine.heard<wire::Finished>("cat").size(), 1u);
  machine.tell("cat", wire::CatchUp{.session = kSession, .have_round = 0});
  EXPECT_TRUE(machine.asked<AnswerCatchUp>());
  EXPECT_EQ(machine.heard<wire::Finished>("cat").size(), 1u);
  machine.heartbeat("ann");
  EXPECT_EQ(machine.heard<wire::Heartbeat>("ann").size(), 1u);
  EXPECT_EQ(machine.heard<wire::Finished>("ann").size(), 1u);
  machine.ballot("cat", 0);
  machine.ballot("cat", 1);
  EXPECT_FALSE(machine.asked<CountBallot>());
  machine.leave("ann", LeaveReason::kFinished);
  machine.leave("ben", LeaveReason::kFinished);
  EXPECT_FALSE(machine.session.ended());  // cat is live
  machine.leave("cat", LeaveReason::kFinished);
  EXPECT_EQ(ending(machine), "finished");
}

TEST(SessionEnding, WaitsThirtySecondsAtMost) {
  Machine machine = finished_machine();
  for (int i = 0; i < 59; ++i) {
    machine.pass(milliseconds(500));
    ASSERT_FALSE(machine.session.ended());
    machine.heartbeat("ann");
  }
  machine.pass(milliseconds(500));
  EXPECT_EQ(ending(machine), "finished");
}

TEST(SessionEnding, DoesNotWaitForTheSilent) {
  Machine machine = finished_machine();
  machine.leave("ann", LeaveReason::kFinished);
  machine.pass(seconds(5));
  EXPECT_EQ(ending(machine), "finished");
}

TEST(SessionEnding, WaitsForTheEvaluationWithoutSpinning) {
  Machine machine = finished_machine(true);
  EXPECT_EQ(machine.only<EvaluateHeldOut>().round, 1u);
  machine.leave("ann", LeaveReason::kFinished);
  machine.leave("ben", LeaveReason::kFinished);
  machine.pass(seconds(60));
  EXPECT_FALSE(machine.session.ended());
  EXPECT_GT(machine.session.next_tick(), machine.now);
  machine.step(HeldOutEvaluated{1, {0.5, 0.75, 100}});
  EXPECT_EQ(machine.only<EvaluationKnown>().row.held_out->accuracy, 0.75);
  EXPECT_EQ(ending(machine), "finished");
}

TEST(SessionEnding, RunThatHadFinishedBeforeOnlyTells) {
  RunConfig config = config_for(1);
  config.hyper.rounds = 8;
  SessionOptions options = options_for(config);
  options.round = 8;
  Machine machine(options);
  EXPECT_TRUE(machine.session.ended());  // nobody is live
  EXPECT_EQ(ending(machine), "finished");
}

TEST(SessionEnding, StopWhileWaitingForClients) {
  Machine empty(config_for(1));
  empty.stop();
  EXPECT_EQ(ending(empty), "interrupted");

  Machine machine(config_for(2));
  machine.join("ann");
  machine.stop();
  EXPECT_EQ(machine.only<wire::Finished>("ann").rounds, 0u);
  EXPECT_FALSE(machine.session.ended());
  machine.leave("ann");
  EXPECT_EQ(ending(machine), "interrupted");
}

TEST(SessionEnding, StopInAnOpenRoundLeavesItOut) {
  Machine machine(config_for(2));
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  machine.ballot("ann", 1);
  machine.stop();
  EXPECT_EQ(machine.only<wire::Finished>("ann").rounds, 1u);
  EXPECT_EQ(machine.only<wire::Finished>("ann").fingerprint, kFirstFingerprint + 1);
  machine.ballot("ben", 1);
  EXPECT_TRUE(machine.actions.empty());
  for (int i = 0; i < 9; ++i) {
    machine.pass(milliseconds(500));
    ASSERT_FALSE(machine.session.ended());
    machine.heartbeat("ann");
  }
  machine.pass(milliseconds(500));  // five seconds, not thirty
  EXPECT_EQ(ending(machine), "interrupted");
}

TEST(SessionEnding, StopWhileARoundIsDecidedWaitsForItsCommit) {
  Machine machine(config_for(1));
  machine.by_itself = false;
  machine.join("ann");
  machine.ballot("ann", 0);
  machine.stop();
  EXPECT_TRUE(machine.actions.empty());
  machine.decide();
  machine.commit();
  EXPECT_EQ(machine.heard<wire::Decision>("ann").size(), 1u);
  EXPECT_FALSE(machine.only<wire::Decision>("ann").vote);
  EXPECT_EQ(machine.only<wire::Finished>("ann").rounds, 1u);
  machine.leave("ann", LeaveReason::kFinished);
  EXPECT_EQ(ending(machine), "interrupted");
}

TEST(SessionEnding, StopTwiceWhileARoundIsDecidedEndsWithItsCommit) {
  Machine machine(config_for(1));
  machine.by_itself = false;
  machine.join("ann");
  machine.ballot("ann", 0);
  machine.stop();
  machine.stop();
  machine.decide();
  machine.commit();
  EXPECT_EQ(machine.heard<wire::Finished>("ann").size(), 1u);
  EXPECT_EQ(ending(machine), "interrupted");
}

TEST(SessionEnding, StopWhileALostTallyWasDecidedEndsBeforeThatRound) {
  Machine machine(config_for(1));
  machine.by_itself = false;
  machine.join("ann");
  machine.ballot("ann", 0);
  machine.stop();
  machine.step(TallyLost{0});
  EXPECT_EQ(machine.only<wire::Finished>("ann").rounds, 0u);
}

TEST(SessionEnding, SecondStopWaitsForNobody) {
  Machine machine(config_for(2));
  machine.join("ann");
  machine.stop();
  machine.stop();
  EXPECT_EQ(ending(machine), "interrupted");
}

TEST(SessionEnding, StopAfterTheLastRoundShortensTheWaitAndKeepsTheEvaluation) {
  Machine machine = finished_machine(true);
  machine.stop();
  EXPECT_FALSE(machine.session.ended());
  machine.step(HeldOutEvaluated{1, {0.5, 0.75, 100}});
  EXPECT_FALSE(machine.session.ended());
  for (int i = 0; i < 10; ++i) {
    ASSERT_FALSE(machine.session.ended());
    machine.heartbeat("ann");
    machine.pass(milliseconds(500));
  }
  EXPECT_EQ(ending(machine), "finished");

  Machine impatient = finished_machine(true);
  impatient.stop();
  impatient.stop();
  EXPECT_EQ(ending(impatient), "finished");
}

TEST(SessionEnding, FinishedSaysWhetherTheRunIsDoneOrGoesOnOrIsCutShort) {
  const Machine done = finished_machine();
  EXPECT_EQ(done.only<wire::Finished>("ann").reason, wire::FinishReason::kDone);
  for (const bool durable : {true, false}) {
    const auto expected = durable ? wire::FinishReason::kStopped : wire::FinishReason::kInterrupted;
    SessionOptions options = options_for(config_for(2));
    options.durable = durable;
    Machine machine(options);
    machine.join_all({"ann", "ben"});
    machine.stop();
    EXPECT_EQ(machine.only<wire::Finished>("ann").reason, expected);
    machine.heartbeat("ann");
    EXPECT_EQ(machine.only<wire::Finished>("ann").reason, expected);
    machine.join("cat");
    if (durable) {  // it would be told to come back, and come back at once
      EXPECT_EQ(machine.refusals("cat"), std::vector{wire::RefusalCode::kBusy});
    } else {
      EXPECT_EQ(machine.only<wire::Finished>("cat").reason, expected);
      machine.leave("cat");
    }
    for (const char* name : {"ann", "ben"}) machine.leave(name);
    EXPECT_EQ(ending(machine), "interrupted");
  }
}

TEST(SessionEnding, AStopWhileTheLastRoundIsDecidedFindsTheRunDone) {
  RunConfig config = config_for(1);
  config.hyper.rounds = 1;
  SessionOptions options = options_for(config);
  options.durable = true;
  Machine machine(options);
  machine.by_itself = false;
  machine.join("ann");
  machine.ballot("ann", 0);
  machine.stop();
  machine.decide();
  machine.commit();
  EXPECT_EQ(machine.only<wire::Finished>("ann").reason, wire::FinishReason::kDone);
  machine.leave("ann", LeaveReason::kFinished);
  EXPECT_EQ(ending(machine), "finished");
}

// Ann votes in the only round, `silence` after ben was heard last.
Machine ended_without_ben(Duration silence) {
  RunConfig config = config_for(1);
  config.hyper.rounds = 1;
  config.min_clients = 2;
  Machine machine(config);
  machine.pass(seconds(1));
  machine.join_all({"ann", "ben"});
  const Instant end = machine.now + silence;
  while (machine.now < end) {
    machine.pass(milliseconds(500));
    machine.heartbeat("ann");
  }
  machine.ballot("ann", 0);
  EXPECT_EQ(machine.session.round(), 1u);
  machine.leave("ann", LeaveReason::kFinished);
  return machine;
}

TEST(SessionEnding, WaitsForOneThatWasThereShortlyBefore) {
  Machine machine = ended_without_ben(seconds(6));
  EXPECT_FALSE(machine.session.ended());
  machine.join("ben");
  EXPECT_EQ(machine.only<wire::Finished>("ben").reason, wire::FinishReason::kDone);
  EXPECT_FALSE(machine.session.ended());
  machine.leave("ben", LeaveReason::kFinished);
  EXPECT_EQ(ending(machine), "finished");
}

TEST(SessionEnding, OneThatIsHeardAgainWithoutAJoinIsNotMissedAnyMore) {
  Machine machine = ended_without_ben(seconds(6));
  ASSERT_FALSE(machine.session.ended());
  machine.heartbeat("ben");
  EXPECT_EQ(machine.heard<wire::Finished>("ben").size(), 1u);
  machine.leave("ben", LeaveReason::kFinished);
  EXPECT_EQ(ending(machine), "finished");
}

TEST(SessionEnding, WaitsForTheAwayForAWhileAndNotForEver) {
  Machine machine = ended_without_ben(seconds(6));
  machine.pass(kAwayMemory - milliseconds(1));
  EXPECT_FALSE(machine.session.ended());
  machine.pass(milliseconds(1));
  EXPECT_EQ(ending(machine), "finished");
}

TEST(SessionEnding, DoesNotWaitForOneThatIsLongGone) {
  Machine machine = ended_without_ben(kAwayMemory);
  EXPECT_EQ(ending(machine), "finished");
}

TEST(SessionEnding, DoesNotWaitForOneThatLeft) {
  RunConfig config = config_for(1);
  config.hyper.rounds = 1;
  config.min_clients = 2;
  Machine machine(config);
  machine.pass(seconds(1));
  machine.join_all({"ann", "ben"});
  machine.leave("ben");
  machine.ballot("ann", 0);
  machine.leave("ann", LeaveReason::kFinished);
  EXPECT_EQ(ending(machine), "finished");
}

TEST(SessionEnding, AStopWaitsForNobodyWhoIsAway) {
  SessionOptions options = options_for(config_for(2));
  options.durable = true;
  Machine machine(options);
  machine.pass(seconds(1));
  machine.join_all({"ann", "ben"});
  for (int i = 0; i < 5; ++i) {
    machine.pass(seconds(1));
    machine.heartbeat("ann");
  }
  machine.stop();
  machine.leave("ann");
  EXPECT_EQ(ending(machine), "interrupted");
}

}  // namespace
}  // namespace psephos::coordinator
