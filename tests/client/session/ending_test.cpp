#include <gtest/gtest.h>

#include "tests/client/session/puppet.h"

namespace psephos::client::testing {
namespace {

void expect_finished(const Puppet& puppet, std::uint32_t round) {
  const auto leaves = puppet.sent<wire::Leave>();
  ASSERT_EQ(leaves.size(), 1u);
  EXPECT_EQ(leaves[0].reason, wire::LeaveReason::kFinished);
  ASSERT_TRUE(puppet.end);
  EXPECT_EQ(puppet.end->ending, Ending::kFinished);
  EXPECT_NE(puppet.end->text.find(std::to_string(round)), std::string::npos);
  EXPECT_EQ(puppet.session.round(), round);
  EXPECT_EQ(puppet.session.fingerprint(), fingerprint_of(kRun, round));
}

TEST(Ending, TheLastDecisionIsTheEndWhetherFinishedIsHeardOrNot) {
  Puppet puppet;
  puppet.settle_at(kRounds - 1);
  puppet.hear(decision(kRounds - 1));
  EXPECT_FALSE(puppet.end);
  puppet.work();
  expect_finished(puppet, kRounds);
}

TEST(Ending, AnEvaluationThatWasAskedForComesBeforeTheEnd) {
  Puppet puppet;
  puppet.settle_at(kRounds - 1);
  wire::Decision last = decision(kRounds - 1);
  last.evaluate = true;
  puppet.hear(last);
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<Evaluate>());
  EXPECT_FALSE(puppet.end);
  puppet.work();
  EXPECT_EQ(puppet.sent<wire::Evaluation>().size(), 1u);
  expect_finished(puppet, kRounds);
}

TEST(Ending, ARunThatEndsEarlyWantsTheEvaluationButNoMoreVotes) {
  Puppet puppet;
  puppet.settle_at(16);
  wire::Decision asked = decision(16, true);
  asked.evaluate = true;
  puppet.hear(asked);
  puppet.hear(wire::Finished{kSession, 17, fingerprint_of(kRun, 17)});
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<Evaluate>());
  puppet.work();
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty());
  expect_finished(puppet, 17);
}

TEST(Ending, FinishedEarlyByTheCoordinatorEndsAtItsRound) {
  Puppet puppet;
  puppet.settle_at(17);
  puppet.hear(wire::Finished{kSession, 17, fingerprint_of(kRun, 17)});
  expect_finished(puppet, 17);
}

TEST(Ending, FinishedAtTheVeryStartIsAnEnd) {
  Puppet puppet;
  puppet.start();
  puppet.hear(welcome(0, false));
  puppet.hear(wire::Finished{kSession, 0, fingerprint_of(kRun, 0)});
  puppet.work();
  expect_finished(puppet, 0);
}

TEST(Ending, FinishedAheadOfTheReplicaIsCaughtUpWithFirst) {
  for (const auto audience : {Audience::kAll, Audience::kDrawn}) {
    Puppet puppet;
    wire::Welcome with = welcome(0, false);
    with.hyper.audience = audience;
    puppet.settle_at(17, with);
    puppet.hear(wire::Finished{kSession, 20, fingerprint_of(kRun, 20)});
    EXPECT_FALSE(puppet.end);
    ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
    puppet.hear(past(17, 19));
    puppet.work();
    expect_finished(puppet, 20);
  }
}

TEST(Ending, FinishedWithAnotherFingerprintCostsACheckpoint) {
  Puppet puppet;
  puppet.settle_at(20);
  puppet.hear(wire::Finished{kSession, 20, 4711});
  EXPECT_FALSE(puppet.end);
  EXPECT_FALSE(puppet.session.round());
  EXPECT_EQ(puppet.session.fingerprint_mismatches(), 1u);
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::CatchUp>()[0].reason, wire::CatchUpReason::kDiverged);
}

TEST(Ending, AGradientInFlightEndsFirst) {
  Puppet puppet;
  puppet.settle_at(17);
  puppet.hear(wire::Call{kSession, 17});
  puppet.hear(wire::Finished{kSession, 17, fingerprint_of(kRun, 17)});
  EXPECT_FALSE(puppet.end);
  puppet.work();
  expect_finished(puppet, 17);
}

// The coordinator waits half a minute for stragglers and is gone then.
TEST(Ending, HoldingTheLastRoundNoCoordinatorIsNeeded) {
  Puppet puppet;
  puppet.settle_at(kRounds - 1);
  puppet.hear(decision(kRounds - 1));
  puppet.pass(seconds(60));
  puppet.clear();
  puppet.work();
  ASSERT_TRUE(puppet.end);
  EXPECT_EQ(puppet.end->ending, Ending::kFinished);
  EXPECT_TRUE(puppet.frames.empty()) << "nobody to say Leave to";
  EXPECT_EQ(puppet.session.round(), kRounds);
}

TEST(Ending, FinishedIsForgottenWhereTheRunGoesOn) {
  Puppet puppet;
  puppet.settle_at(17);
  puppet.hear(wire::Finished{kSession, 20, fingerprint_of(kRun, 20)});
  puppet.hear(refusal(wire::RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  puppet.hear(welcome(17));
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>()) << "a restarted coordinator leads on";
}

TEST(Ending, AJobThatCannotBeDoneEndsTheClientWithItsText) {
  Puppet puppet;
  puppet.start();
  puppet.hear(welcome(0));
  puppet.finish(JobFailed{"give this client the data set that the run is about"});
  ASSERT_EQ(puppet.sent<wire::Leave>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::Leave>()[0].reason, wire::LeaveReason::kFailed);
  ASSERT_TRUE(puppet.end);
  EXPECT_EQ(puppet.end->ending, Ending::kFailed);
  EXPECT_EQ(puppet.end->text, "give this client the data set that the run is about");
}

TEST(Ending, ACoordinatorThatOnlyStoppedIsLeftWaitedForAndJoinedAgain) {
  Puppet puppet;
  puppet.settle_at(17);
  puppet.hear(wire::Finished{kSession, 17, fingerprint_of(kRun, 17), wire::FinishReason::kStopped});
  EXPECT_FALSE(puppet.end) << "the run is not over";
  const auto leaves = puppet.sent<wire::Leave>();
  ASSERT_EQ(leaves.size(), 1u);
  EXPECT_EQ(leaves[0].session, kSession);
  EXPECT_EQ(leaves[0].reason, wire::LeaveReason::kStopped);
  ASSERT_EQ(puppet.notes.size(), 1u);
  EXPECT_NE(puppet.notes[0].find("stopped at round 17"), std::string::npos) << puppet.notes[0];
  EXPECT_NE(puppet.notes[0].find("waiting for it"), std::string::npos) << puppet.notes[0];
  EXPECT_EQ(puppet.reconnects, 0);
  EXPECT_LE(puppet.session.next_tick(), puppet.now + kFirstBackoff);

  puppet.clear();
  puppet.pass(kFirstBackoff);
  EXPECT_EQ(puppet.reconnects, 1) << "that process is gone";
  const auto joins = puppet.sent<wire::Join>();
  ASSERT_EQ(joins.size(), 1u);
  EXPECT_EQ(joins[0].run, kRun);
  EXPECT_EQ(joins[0].have_round, 17u);
  wire::Welcome again = welcome(17);
  again.session = kSession + 1;
  puppet.hear(again);
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>()) << "and goes on where it stood";
}

TEST(Ending, AStopInTheMiddleOfAGradientLosesNeither) {
  Puppet puppet;
  puppet.settle_at(17);
  puppet.hear(wire::Call{kSession, 17});
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  puppet.hear(wire::Finished{kSession, 17, fingerprint_of(kRun, 17), wire::FinishReason::kStopped});
  puppet.work();
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty());
  puppet.pass(kFirstBackoff);
  wire::Welcome again = welcome(17);
  again.session = kSession + 1;
  puppet.hear(again);
  ASSERT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::Ballot>()[0].session, kSession + 1);
  EXPECT_EQ(puppet.jobs, 1) << "computed once";
}

}  // namespace
}  // namespace psephos::client::testing
