#include <gtest/gtest.h>

#include "tests/client/session/puppet.h"

namespace psephos::client::testing {
namespace {

TEST(SessionReplica, PreparesWhatWelcomeDescribesAndVotesOnRoundZero) {
  Puppet puppet;
  puppet.start();
  puppet.hear(welcome(0));
  const auto* prepare = puppet.in_flight<Prepare>();
  ASSERT_TRUE(prepare);
  EXPECT_EQ(prepare->welcome.run, kRun);
  EXPECT_EQ(prepare->welcome.tensors, welcome(0).tensors);
  EXPECT_FALSE(puppet.session.round());
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 0u);
  EXPECT_EQ(puppet.session.fingerprint(), fingerprint_of(kRun, 0));
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  EXPECT_EQ(puppet.in_flight<ComputeBallot>()->round, 0u);
}

TEST(SessionReplica, AppliesTheDecisionOfItsOwnRoundAndNothingElse) {
  Puppet puppet;
  puppet.settle_at(5);
  for (const std::uint32_t older : {0u, 3u, 4u}) puppet.hear(decision(older, false));
  EXPECT_EQ(puppet.jobs, 0);
  EXPECT_TRUE(puppet.frames.empty());
  puppet.hear(decision(5, false));
  const auto* apply = puppet.in_flight<ApplyDecisions>();
  ASSERT_TRUE(apply);
  ASSERT_EQ(apply->decisions.size(), 1u);
  EXPECT_EQ(apply->decisions[0].round, 5u);
  const std::uint8_t* planes = apply->decisions[0].planes.data();
  EXPECT_TRUE(planes > apply->frame->data() && planes < apply->frame->data() + apply->frame->size())
      << "the job owns the planes";
  EXPECT_EQ(puppet.session.round(), 5u);
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 6u);
  EXPECT_EQ(puppet.session.fingerprint(), fingerprint_of(kRun, 6));
  puppet.hear(decision(5, false));
  EXPECT_EQ(puppet.jobs, 1);
}

TEST(SessionReplica, ANewerDecisionIsDiscardedAndStartsCatchUpWithOneRequest) {
  Puppet puppet;
  puppet.settle_at(5);
  for (std::uint32_t newer = 7; newer < 12; ++newer) puppet.hear(decision(newer));
  EXPECT_EQ(puppet.jobs, 0);
  const auto requests = puppet.sent<wire::CatchUp>();
  ASSERT_EQ(requests.size(), 1u) << "one outstanding";
  EXPECT_EQ(requests[0].session, kSession);
  EXPECT_EQ(requests[0].have_round, 5u);
  EXPECT_EQ(requests[0].reason, wire::CatchUpReason::kBehind);
  EXPECT_EQ(requests[0].checkpoint, wire::kNoRound);

  puppet.clear();
  puppet.hear(past(5, 8));
  ASSERT_TRUE(puppet.in_flight<ApplyDecisions>());
  EXPECT_EQ(puppet.in_flight<ApplyDecisions>()->decisions.size(), 4u);
  EXPECT_TRUE(puppet.sent<wire::CatchUp>().empty()) << "the next goes out when this is applied";
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 9u);
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::CatchUp>()[0].have_round, 9u);
  puppet.hear(past(9, 11));
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 12u);
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>()) << "invited by the newest decision";
  EXPECT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
}

TEST(SessionReplica, AsksAgainWhenTheAnswerWasLost) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Heartbeat{kSession, 9});
  EXPECT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  puppet.pass_in_company(2 * kInterval - milliseconds(10), 9);
  EXPECT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  puppet.pass(milliseconds(20));
  EXPECT_EQ(puppet.sent<wire::CatchUp>().size(), 2u);
  puppet.pass_in_company(20 * kInterval, 9);
  EXPECT_EQ(puppet.sent<wire::CatchUp>().size(), 12u);
}

TEST(SessionReplica, WaitsWithCatchUpWhileTheCoordinatorIsBusy) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Heartbeat{kSession, 9});
  puppet.hear(refusal(wire::RefusalCode::kBusy, 10'000));
  puppet.pass_in_company(seconds(9), 9);
  EXPECT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  puppet.pass_in_company(seconds(1) + kFirstBackoff, 9);
  EXPECT_EQ(puppet.sent<wire::CatchUp>().size(), 2u);
  EXPECT_EQ(puppet.session.round(), 5u);
}

TEST(SessionReplica, TakesFromAPastWhatItStillMisses) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(past(2, 6));
  ASSERT_TRUE(puppet.in_flight<ApplyDecisions>());
  EXPECT_EQ(puppet.in_flight<ApplyDecisions>()->decisions.front().round, 5u);
  EXPECT_EQ(puppet.in_flight<ApplyDecisions>()->decisions.size(), 2u);
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 7u);
  puppet.hear(past(0, 6));   // all of it held
  puppet.hear(past(9, 12));  // a gap
  EXPECT_FALSE(puppet.job);
  EXPECT_EQ(puppet.session.round(), 7u);
  ASSERT_FALSE(puppet.sent<wire::CatchUp>().empty());
  EXPECT_EQ(puppet.sent<wire::CatchUp>().back().have_round, 7u);
}

TEST(SessionReplica, KeepsTheDecisionThatOvertakesAnotherOnesApplication) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(decision(5));
  puppet.hear(decision(6));
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ApplyDecisions>());
  EXPECT_EQ(puppet.in_flight<ApplyDecisions>()->decisions[0].round, 6u);
  EXPECT_TRUE(puppet.sent<wire::CatchUp>().empty());
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 7u);
}

TEST(SessionReplica, ARepeatedDecisionDoesNotReplaceALongerPastThatWaits) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Call{kSession, 5});
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  puppet.hear(past(5, 9));
  puppet.hear(decision(5));
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ApplyDecisions>());
  EXPECT_EQ(puppet.in_flight<ApplyDecisions>()->decisions.size(), 5u);
}

TEST(SessionReplica, AMismatchCostsACheckpointAndIsCounted) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(decision(5));
  puppet.finish(Applied{6, 123, false});
  EXPECT_FALSE(puppet.session.round());
  EXPECT_EQ(puppet.session.fingerprint_mismatches(), 1u);
  const auto requests = puppet.sent<wire::CatchUp>();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].have_round, wire::kNoRound);
  EXPECT_EQ(requests[0].reason, wire::CatchUpReason::kDiverged);
  EXPECT_EQ(puppet.notes.size(), 1u);
  puppet.hear(decision(6));  // nothing to apply it to
  EXPECT_FALSE(puppet.job);
}

TEST(SessionReplica, HeartbeatsCarryTheMatchedRoundOnly) {
  Puppet puppet;
  const auto heartbeat = [&] {
    puppet.clear();
    puppet.pass_in_company(kInterval, 5);
    const auto sent = puppet.sent<wire::Heartbeat>();
    EXPECT_EQ(sent.size(), 1u);
    return sent.at(0).round;
  };
  puppet.start();
  puppet.hear(welcome(5, false));
  EXPECT_EQ(heartbeat(), wire::kNoRound) << "nothing prepared";
  puppet.work();
  EXPECT_EQ(heartbeat(), wire::kNoRound) << "x_0 was made here, and confirmed by nobody";
  EXPECT_FALSE(puppet.session.round());
  puppet.hear(past(0, 2));
  EXPECT_EQ(heartbeat(), wire::kNoRound);
  puppet.work();
  EXPECT_EQ(heartbeat(), 3u);
  puppet.hear(past(3, 4));
  EXPECT_EQ(heartbeat(), 3u) << "not while it is being applied";
  puppet.finish(Applied{5, 1, false});
  EXPECT_EQ(heartbeat(), wire::kNoRound);
}

TEST(SessionReplica, GoesOnSayingHeartbeatsDuringALongJob) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Call{kSession, 5});
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  puppet.pass_in_company(seconds(30), 5);
  EXPECT_EQ(puppet.sent<wire::Heartbeat>().size(), 30u);
  EXPECT_EQ(puppet.jobs, 1);
}

TEST(SessionReplica, TakesACheckpointWhenX0IsNotTheCoordinators) {
  Puppet puppet;
  puppet.start();
  wire::Welcome from_file = welcome(0);
  from_file.fingerprint = 4711;
  puppet.hear(from_file);
  puppet.work();
  EXPECT_FALSE(puppet.session.round());
  EXPECT_FALSE(puppet.job) << "no vote on parameters that nobody confirmed";
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::CatchUp>()[0].have_round, wire::kNoRound);
  wire::Past initial = chunk(0, 0, 1);
  initial.chunk->fingerprint = 4711;
  puppet.hear(initial);
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 0u);
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>());
}

TEST(SessionReplica, X0IsComparedEvenWhenTheFirstRoundClosedMeanwhile) {
  Puppet puppet;
  puppet.start();
  wire::Welcome from_file = welcome(0);
  from_file.fingerprint = 4711;
  puppet.hear(from_file);
  puppet.hear(decision(0));
  puppet.work();
  EXPECT_FALSE(puppet.session.round());
  EXPECT_EQ(puppet.session.fingerprint_mismatches(), 1u);
}

TEST(SessionReplica, NoRoundOfTheCoordinatorIsNoRoundToCatchUpWith) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Heartbeat{kSession, wire::kNoRound});
  puppet.hear(wire::Heartbeat{kSession, kRounds + 1});
  puppet.hear(wire::Call{kSession, wire::kNoRound});
  puppet.hear(wire::Finished{kSession, kRounds + 1, 1});
  puppet.hear(decision(kRounds));
  puppet.hear(chunk(kRounds + 1, 0, 1));
  EXPECT_TRUE(puppet.frames.empty());
  EXPECT_EQ(puppet.jobs, 0);
  puppet.hear(wire::Call{kSession, 5});
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>()) << "it still votes";
}

TEST(SessionReplica, StaysPutUntilCalledWhereOnlyTheDrawnAreTold) {
  Puppet puppet;
  wire::Welcome drawn = welcome(0, false);
  drawn.hyper.audience = Audience::kDrawn;
  puppet.settle_at(0, drawn);
  puppet.pass_in_company(seconds(60), 30);
  EXPECT_TRUE(puppet.sent<wire::CatchUp>().empty());
  EXPECT_EQ(puppet.jobs, 0);
  puppet.hear(wire::Call{kSession, 30});
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::CatchUp>()[0].have_round, 0u);
  puppet.hear(past(0, 29));
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  EXPECT_EQ(puppet.in_flight<ComputeBallot>()->round, 30u);
  puppet.work();
  ASSERT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
  puppet.clear();
  puppet.pass_in_company(seconds(60), 55);
  EXPECT_EQ(puppet.frames.size(), puppet.sent<wire::Heartbeat>().size());
  EXPECT_EQ(puppet.session.round(), 30u);
}

TEST(SessionReplica, WhereX0IsGivenItTakesOneCheckpointAndTakesNobodyForDiverged) {
  for (const std::uint32_t round : {0u, 57u}) {
    Puppet puppet;
    wire::Welcome given = welcome(round);
    given.x0_given = true;
    puppet.start();
    puppet.hear(given);
    puppet.clear();
    puppet.work();
    EXPECT_FALSE(puppet.session.round()) << "what was drawn is not spoken of";
    const auto requests = puppet.sent<wire::CatchUp>();
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].have_round, wire::kNoRound);
    EXPECT_EQ(requests[0].reason, wire::CatchUpReason::kNoState);
    puppet.hear(chunk(round, 0, 1));
    puppet.work();
    EXPECT_EQ(puppet.session.round(), round);
    EXPECT_EQ(puppet.session.fingerprint(), fingerprint_of(kRun, round));
    ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
    EXPECT_EQ(puppet.session.fingerprint_mismatches(), 0u);
    EXPECT_TRUE(puppet.notes.empty());
  }
}

TEST(SessionReplica, WhereX0IsGivenAndOnlyTheDrawnAreToldTheCheckpointWaitsForACall) {
  Puppet puppet;
  wire::Welcome given = welcome(0, false);
  given.x0_given = true;
  given.hyper.audience = Audience::kDrawn;
  puppet.start();
  puppet.hear(given);
  puppet.work();
  puppet.clear();
  puppet.pass_in_company(seconds(60), 30);
  EXPECT_EQ(puppet.frames.size(), puppet.sent<wire::Heartbeat>().size());
  puppet.hear(wire::Call{kSession, 30});
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::CatchUp>()[0].reason, wire::CatchUpReason::kNoState);
  puppet.hear(chunk(30, 0, 1));
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  EXPECT_EQ(puppet.session.fingerprint_mismatches(), 0u);
}

TEST(SessionReplica, WhereX0IsGivenTheFinalParametersAreFetchedBySomebodyNeverDrawn) {
  Puppet puppet;
  wire::Welcome given = welcome(0, false);
  given.x0_given = true;
  given.hyper.audience = Audience::kDrawn;
  puppet.start();
  puppet.hear(given);
  puppet.work();
  puppet.hear(wire::Finished{kSession, kRounds, fingerprint_of(kRun, kRounds)});
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  puppet.hear(chunk(kRounds, 0, 1));
  puppet.work();
  ASSERT_TRUE(puppet.end);
  EXPECT_EQ(puppet.end->ending, Ending::kFinished);
}

TEST(SessionReplica, EvaluatesWhenAskedToAndReports) {
  Puppet puppet;
  puppet.settle_at(5);
  wire::Decision asked = decision(5);
  asked.evaluate = true;
  puppet.hear(asked);
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>()) << "the vote comes first";
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<Evaluate>());
  EXPECT_EQ(puppet.in_flight<Evaluate>()->round, 6u);
  puppet.work();
  const auto reports = puppet.sent<wire::Evaluation>();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].session, kSession);
  EXPECT_EQ(reports[0].round, 6u);
  EXPECT_EQ(reports[0].accuracy, 0.9);
  EXPECT_EQ(reports[0].samples, 600u);
  EXPECT_FALSE(puppet.job);
}

}  // namespace
}  // namespace psephos::client::testing
