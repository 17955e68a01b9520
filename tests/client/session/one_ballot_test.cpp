#include <gtest/gtest.h>

#include "tests/client/session/puppet.h"

namespace psephos::client::testing::one_ballot_test {
namespace {

using wire::RefusalCode;

// The first byte of the planes tells computed ballots apart.
int ballot_number(const wire::Ballot& ballot) {
  return ballot.planes.empty() ? 0 : ballot.planes[0];
}

wire::Welcome with_staleness(std::uint32_t staleness, Audience audience = Audience::kAll) {
  wire::Welcome stale = welcome(0, false);
  stale.hyper.staleness = staleness;
  stale.hyper.audience = audience;
  return stale;
}

// Has voted in round 5: ballot number 1.
void vote_in_round_5(Puppet& puppet, const wire::Welcome& with = welcome(0, false)) {
  puppet.settle_at(5, with);
  puppet.hear(wire::Call{kSession, 5});
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  puppet.work();
  const auto ballots = puppet.sent<wire::Ballot>();
  ASSERT_EQ(ballots.size(), 1u);
  EXPECT_EQ(ballots[0].session, kSession);
  EXPECT_EQ(ballots[0].run, kRun);
  EXPECT_EQ(ballots[0].round, 5u);
  EXPECT_EQ(ballots[0].encoding, Encoding::kBinary);
  EXPECT_EQ(ballots[0].loss, 0.5f);
  EXPECT_EQ(ballots[0].samples, 32u);
  EXPECT_EQ(ballot_number(ballots[0]), 1);
  EXPECT_FALSE(puppet.job);
  puppet.clear();
}

void rejoin(Puppet& puppet, wire::Welcome to) {
  puppet.hear(refusal(RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  puppet.clear();
  puppet.hear(to);
}

TEST(OneBallot, IsNotSentTwiceWithoutAReason) {
  Puppet puppet;
  vote_in_round_5(puppet);
  puppet.hear(decision(4));  // repeats the invitation
  puppet.hear(welcome(5));
  puppet.pass_in_company(seconds(60), 5);
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty());
  EXPECT_EQ(puppet.jobs, 0);
}

TEST(OneBallot, OnlyTheInvitedVote) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(decision(5, false));
  puppet.work();
  puppet.pass_in_company(seconds(10), 6);
  EXPECT_EQ(puppet.jobs, 1);
  puppet.hear(decision(6, true));
  puppet.work();
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>());
}

TEST(OneBallot, ARepeatedOldDecisionDoesNotTakeTheInvitationBack) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Call{kSession, 7});  // behind: two decisions are missing
  puppet.hear(decision(3));
  puppet.hear(wire::Call{kSession, 2});
  puppet.hear(past(5, 6));
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  EXPECT_EQ(puppet.in_flight<ComputeBallot>()->round, 7u);
}

TEST(OneBallot, KeptBytesAreSentAgainWhenAskedFor) {
  Puppet puppet;
  vote_in_round_5(puppet);
  puppet.hear(wire::Call{kSession, 5});
  puppet.hear(refusal(RefusalCode::kResend));
  const auto ballots = puppet.sent<wire::Ballot>();
  ASSERT_EQ(ballots.size(), 2u);
  EXPECT_EQ(*puppet.frames[0], *puppet.frames[1]);
  EXPECT_EQ(ballot_number(ballots[0]), 1);
  EXPECT_EQ(puppet.jobs, 0) << "never computed again";
}

TEST(OneBallot, KeptBytesAreSentAgainAfterARejoin) {
  for (const std::uint64_t session : {kSession, kSession + 1}) {
    Puppet puppet;
    vote_in_round_5(puppet);
    wire::Welcome again = welcome(5);
    again.session = session;
    rejoin(puppet, again);
    const auto ballots = puppet.sent<wire::Ballot>();
    ASSERT_EQ(ballots.size(), 1u) << "the connection may have lost it";
    EXPECT_EQ(ballots[0].session, session);
    EXPECT_EQ(ballot_number(ballots[0]), 1);
    EXPECT_EQ(puppet.jobs, 0);
  }
}

TEST(OneBallot, IsKeptThroughARejoinWithoutAnInvitation) {
  Puppet puppet;
  vote_in_round_5(puppet);
  rejoin(puppet, welcome(5, false));
  EXPECT_TRUE(puppet.frames.empty());
  puppet.hear(wire::Call{kSession, 5});
  ASSERT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
  EXPECT_EQ(ballot_number(puppet.sent<wire::Ballot>()[0]), 1);
}

TEST(OneBallot, FinishedWhileDisconnectedItIsSentOnceJoinedAgain) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Call{kSession, 5});
  puppet.hear(refusal(RefusalCode::kRejoin));
  puppet.work();
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty());
  puppet.pass(kFirstBackoff);
  puppet.hear(welcome(5));
  ASSERT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
  EXPECT_EQ(puppet.jobs, 1);
}

TEST(OneBallot, StartedBeforeARejoinItIsNotComputedTwice) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Call{kSession, 5});
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  rejoin(puppet, welcome(5));
  EXPECT_TRUE(puppet.frames.empty());
  puppet.work();
  ASSERT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
  EXPECT_FALSE(puppet.job);
}

TEST(OneBallot, IsDroppedOnceItsDecisionIsHeld) {
  Puppet puppet;
  vote_in_round_5(puppet, with_staleness(4));
  puppet.hear(decision(5, false));
  puppet.work();
  puppet.clear();
  puppet.hear(refusal(RefusalCode::kResend));
  puppet.hear(wire::Call{kSession, 5});
  EXPECT_TRUE(puppet.frames.empty());
  EXPECT_FALSE(puppet.job);
}

TEST(OneBallot, TheNextRoundGetsABallotOfItsOwn) {
  Puppet puppet;
  vote_in_round_5(puppet);
  for (std::uint32_t round = 5; round < 10; ++round) {
    puppet.hear(decision(round));
    puppet.work_all();
  }
  const auto ballots = puppet.sent<wire::Ballot>();
  ASSERT_EQ(ballots.size(), 5u);
  for (std::uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(ballots[i].round, 6 + i);
    EXPECT_EQ(ballot_number(ballots[i]), static_cast<int>(2 + i));
  }
}

TEST(OneBallot, NothingToSayIsAnAnswer) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Call{kSession, 5});
  puppet.finish(BallotReady{5, std::make_shared<const BallotContent>()});
  const auto ballots = puppet.sent<wire::Ballot>();
  ASSERT_EQ(ballots.size(), 1u);
  EXPECT_EQ(ballots[0].encoding, Encoding::kNone);
  EXPECT_TRUE(ballots[0].planes.empty());
}

TEST(OneBallot, ADecisionThatOvertakesTheGradientIsAppliedWhenThatEnds) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Call{kSession, 5});
  puppet.hear(decision(5));
  puppet.hear(decision(6));
  EXPECT_EQ(puppet.jobs, 1);
  puppet.work();
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty()) << "too late to count";
  ASSERT_TRUE(puppet.in_flight<ApplyDecisions>());
  EXPECT_EQ(puppet.in_flight<ApplyDecisions>()->decisions[0].round, 5u);
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 6u);
  EXPECT_EQ(puppet.sent<wire::CatchUp>().size(), 1u) << "the one after was discarded";
  puppet.hear(past(6, 6));
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  EXPECT_EQ(puppet.in_flight<ComputeBallot>()->round, 7u);
}

TEST(OneBallot, WithinTheStalenessALateBallotIsSentAndTheOpenRoundSkipped) {
  Puppet puppet;
  puppet.settle_at(5, with_staleness(1));
  puppet.hear(wire::Call{kSession, 5});
  puppet.hear(decision(5));
  puppet.work();
  ASSERT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::Ballot>()[0].round, 5u);
  ASSERT_TRUE(puppet.in_flight<ApplyDecisions>());
  puppet.work();
  EXPECT_FALSE(puppet.job) << "the old ballot stands for round 6";
  puppet.hear(decision(6));
  puppet.work();
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>()) << "round 7 is voted on again";
}

TEST(OneBallot, BeyondTheStalenessALateBallotIsNotSent) {
  Puppet puppet;
  puppet.settle_at(5, with_staleness(2));
  puppet.hear(wire::Call{kSession, 5});
  puppet.hear(wire::Heartbeat{kSession, 8});
  puppet.work();
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty());
  EXPECT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  EXPECT_FALSE(puppet.job) << "and never computed again";
}

// The round would otherwise wait for this client for ever.
TEST(OneBallot, CalledToASkippedRoundItVotesThere) {
  for (const bool resend : {false, true}) {
    Puppet puppet;
    puppet.settle_at(5, with_staleness(1));
    puppet.hear(wire::Call{kSession, 5});
    puppet.hear(decision(5));
    puppet.work_all();
    puppet.clear();
    if (resend) {
      puppet.hear(refusal(RefusalCode::kResend));
    } else {
      puppet.hear(wire::Call{kSession, 6});
    }
    ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
    EXPECT_EQ(puppet.in_flight<ComputeBallot>()->round, 6u);
  }
}

TEST(OneBallot, WelcomedToASkippedRoundItVotesThere) {
  Puppet puppet;
  puppet.settle_at(5, with_staleness(1));
  puppet.hear(wire::Call{kSession, 5});
  puppet.hear(decision(5));
  puppet.work_all();
  wire::Welcome again = with_staleness(1);
  again.round = 6;
  again.vote = true;
  again.fingerprint = fingerprint_of(kRun, 6);
  rejoin(puppet, again);
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>()) << "a restarted coordinator knows no old ballot";
}

TEST(OneBallot, ABallotThatWasSentInTimeDoesNotSkipTheNextRoundWhenRepeatedLate) {
  Puppet puppet;
  vote_in_round_5(puppet, with_staleness(1));
  wire::Welcome next = with_staleness(1);
  next.round = 6;
  next.vote = true;
  next.fingerprint = fingerprint_of(kRun, 6);
  rejoin(puppet, next);
  ASSERT_EQ(puppet.sent<wire::Ballot>().size(), 1u) << "it may have been lost";
  puppet.hear(past(5, 5));
  puppet.work();
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>()) << "or counted, in its own round";
}

// Where nobody broadcasts, the replica stays at the round voted on; the next heartbeat says that
// the run went on. The ballot must neither be sent nor computed over and over.
TEST(OneBallot, ComputedTooLateAmongTheDrawnItIsNotComputedAgain) {
  for (const std::uint32_t staleness : {0u, 1u}) {
    Puppet puppet;
    puppet.settle_at(5, with_staleness(staleness, Audience::kDrawn));
    puppet.hear(wire::Call{kSession, 5});
    puppet.hear(wire::Heartbeat{kSession, 6});
    puppet.work();
    EXPECT_EQ(puppet.sent<wire::Ballot>().size(), staleness);
    EXPECT_FALSE(puppet.job);
    puppet.pass_in_company(seconds(20), 9);
    EXPECT_EQ(puppet.jobs, 1);
    EXPECT_EQ(puppet.sent<wire::Ballot>().size(), staleness);
  }
}

TEST(OneBallot, NoVoteOnTheLastRoundsResult) {
  Puppet puppet;
  puppet.settle_at(kRounds - 1);
  puppet.hear(decision(kRounds - 1));
  puppet.work();
  EXPECT_FALSE(puppet.job);
  ASSERT_TRUE(puppet.end);
}

}  // namespace
}  // namespace psephos::client::testing::one_ballot_test
