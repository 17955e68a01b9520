// What outlives a session: when it is saved, in which order, and what a new session makes of it.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/client/session/puppet.h"

namespace psephos::client::testing {
namespace {

using wire::RefusalCode;

SessionOptions saving(std::uint32_t every) {
  SessionOptions options = named("puppet");
  options.save_every.rounds = every;
  return options;
}

std::shared_ptr<const RunState> stood_at(std::uint32_t round, bool with_ballot,
                                         std::uint64_t run = kRun) {
  RunState state;
  state.standing.run = run;
  state.standing.round = round;
  state.fingerprint = fingerprint_of(run, round);
  if (with_ballot) {
    auto ballot = std::make_shared<BallotContent>();
    ballot->votes = {Encoding::kBinary, {99, 0, 0, 0, 0, 0, 0, 0}};
    state.standing.ballot = std::move(ballot);
  }
  return std::make_shared<const RunState>(std::move(state));
}

Puppet restored(std::shared_ptr<const RunState> state, std::uint32_t every = 1) {
  SessionOptions options = saving(every);
  options.restored = std::move(state);
  return Puppet(std::move(options));
}

// Joined at round 5 and called to vote; its first state, of round 5 without a ballot, is saved.
Puppet called_at_5(std::uint32_t every) {
  Puppet puppet(saving(every));
  puppet.settle_at(5);
  puppet.hear(wire::Call{kSession, 5});
  return puppet;
}

TEST(Saving, ABallotIsSentOnceItIsSafe) {
  Puppet puppet = called_at_5(1);
  puppet.work();
  const auto* save = puppet.in_flight<SaveState>();
  ASSERT_TRUE(save);
  EXPECT_EQ(save->standing.run, kRun);
  EXPECT_EQ(save->standing.round, 5u);
  ASSERT_TRUE(save->standing.ballot);
  EXPECT_EQ(save->standing.ballot->votes.planes[0], 1);
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty());
  puppet.hear(wire::Call{kSession, 5});  // asks for it again
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty());
  puppet.work();
  EXPECT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
  EXPECT_FALSE(puppet.job);
}

TEST(Saving, ComesEverySoManyRoundsAndCostsNothingBetween) {
  Puppet puppet = called_at_5(3);
  puppet.work();
  EXPECT_TRUE(puppet.in_flight<SaveState>()) << "round 5 was saved without its ballot";
  puppet.work();
  for (std::uint32_t round = 5; round < 12; ++round) {
    puppet.hear(decision(round));
    puppet.work();  // applied
    puppet.work();  // computed
    EXPECT_EQ(puppet.in_flight<SaveState>() != nullptr, round + 1 == 8 || round + 1 == 11);
    puppet.work_all();
  }
  EXPECT_EQ(puppet.sent<wire::Ballot>().size(), 8u);
}

TEST(Saving, AClientThatDoesNotVoteIsSavedToo) {
  Puppet puppet(saving(1));
  puppet.settle_at(5);
  puppet.hear(decision(5, false));
  puppet.work();
  const auto* save = puppet.in_flight<SaveState>();
  ASSERT_TRUE(save);
  EXPECT_EQ(save->standing.round, 6u);
  EXPECT_FALSE(save->standing.ballot);
}

TEST(Saving, WithoutAnywhereToSaveNobodyIsAsked) {
  Puppet puppet = called_at_5(0);
  puppet.work();
  EXPECT_FALSE(puppet.job);
  EXPECT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
  puppet.step(StopAsked{});
  ASSERT_TRUE(puppet.end);
  EXPECT_EQ(puppet.end->ending, Ending::kStopped);
}

TEST(Saving, ALateBallotIsSavedAndSentBeforeTheDecisionThatOvertookItIsApplied) {
  wire::Welcome stale = welcome(0, false);
  stale.hyper.staleness = 1;
  Puppet puppet(saving(1));
  puppet.settle_at(5, stale);
  puppet.hear(wire::Call{kSession, 5});
  puppet.hear(decision(5));
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<SaveState>());
  puppet.work();
  EXPECT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
  EXPECT_TRUE(puppet.in_flight<ApplyDecisions>());
}

TEST(Saving, ADiskThatFailsIsSpokenOfOnceAndVotingGoesOn) {
  Puppet puppet = called_at_5(1);
  puppet.work();
  for (std::uint32_t round = 5; round < 9; ++round) {
    ASSERT_TRUE(puppet.in_flight<SaveState>());
    puppet.finish(StateSaved{"the disk is full"});
    EXPECT_EQ(puppet.sent<wire::Ballot>().size(), round - 4);
    puppet.hear(decision(round));
    puppet.work();
    puppet.work();
  }
  ASSERT_EQ(puppet.notes.size(), 1u);
  EXPECT_NE(puppet.notes[0].find("the disk is full"), std::string::npos);
  puppet.work();
  puppet.hear(decision(9));
  puppet.work();
  puppet.work();
  ASSERT_EQ(puppet.notes.size(), 2u);
  EXPECT_NE(puppet.notes[1].find("saved again"), std::string::npos);
  puppet.finish(StateSaved{"the disk is full"});
  EXPECT_EQ(puppet.notes.size(), 3u) << "another streak";
}

TEST(Saving, StoppingSaysLeaveAtOnceAndEndsWhenTheStateIsSafe) {
  Puppet puppet = called_at_5(50);
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  puppet.step(StopAsked{});
  puppet.step(StopAsked{});
  EXPECT_EQ(puppet.sent<wire::Leave>().size(), 1u);
  EXPECT_FALSE(puppet.end);
  puppet.hear(decision(5));  // nobody listens any more
  puppet.pass(seconds(60));
  puppet.work();
  const auto* save = puppet.in_flight<SaveState>();
  ASSERT_TRUE(save) << "x_5 and the momentum after ballot 5";
  EXPECT_EQ(save->standing.round, 5u);
  EXPECT_TRUE(save->standing.ballot);
  puppet.finish(StateSaved{"the disk is full"});
  ASSERT_FALSE(puppet.notes.empty());
  EXPECT_EQ(puppet.notes.back(), "the last state is not saved: the disk is full");
  ASSERT_TRUE(puppet.end);
  EXPECT_EQ(puppet.end->ending, Ending::kStopped);
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty());
}

TEST(Saving, StoppingWithoutAReplicaEndsAtOnce) {
  Puppet puppet(saving(1));
  puppet.start();
  puppet.step(StopAsked{});
  EXPECT_TRUE(puppet.end);
  EXPECT_FALSE(puppet.job);
}

TEST(Saving, TheLastRoundIsSavedBeforeTheEnd) {
  Puppet puppet(saving(50));
  puppet.settle_at(kRounds - 1);
  puppet.hear(decision(kRounds - 1));
  puppet.work();
  const auto* save = puppet.in_flight<SaveState>();
  ASSERT_TRUE(save);
  EXPECT_EQ(save->standing.round, kRounds);
  EXPECT_FALSE(puppet.end);
  puppet.work();
  ASSERT_TRUE(puppet.end);
  EXPECT_EQ(puppet.end->ending, Ending::kFinished);
}

TEST(Restoring, JoinsAsOneWhoStandsThereAndGoesOn) {
  Puppet puppet = restored(stood_at(5, false));
  puppet.start();
  const auto joins = puppet.sent<wire::Join>();
  ASSERT_EQ(joins.size(), 1u);
  EXPECT_EQ(joins[0].run, kRun);
  EXPECT_EQ(joins[0].have_round, 5u);
  EXPECT_EQ(joins[0].fingerprint, fingerprint_of(kRun, 5));
  puppet.hear(welcome(5));
  ASSERT_TRUE(puppet.in_flight<Prepare>());
  EXPECT_TRUE(puppet.in_flight<Prepare>()->restored);
  EXPECT_EQ(puppet.session.round(), std::nullopt) << "not before the worker has it";
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 5u);
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>());
}

TEST(Restoring, TheKeptBallotIsSentAsItWas) {
  Puppet puppet = restored(stood_at(5, true));
  puppet.start();
  puppet.hear(welcome(5));
  puppet.work();
  EXPECT_FALSE(puppet.job) << "neither computed nor saved again";
  const auto ballots = puppet.sent<wire::Ballot>();
  ASSERT_EQ(ballots.size(), 1u);
  EXPECT_EQ(ballots[0].round, 5u);
  EXPECT_EQ(ballots[0].planes[0], 99);
}

TEST(Restoring, WhatWasMissedMeanwhileIsCaughtUpWith) {
  Puppet puppet = restored(stood_at(5, true));
  puppet.start();
  puppet.hear(welcome(9));
  puppet.work();
  const auto requests = puppet.sent<wire::CatchUp>();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].have_round, 5u);
  EXPECT_EQ(requests[0].reason, wire::CatchUpReason::kBehind);
  puppet.hear(past(5, 8));
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 9u);
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>());
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty()) << "ballot 5 is history";
}

TEST(Restoring, ABallotThatIsLateByNowDoesNotStandForTheOpenRoundsOwn) {
  Puppet puppet = restored(stood_at(5, true));
  puppet.start();
  wire::Welcome stale = welcome(6);
  stale.hyper.staleness = 1;
  puppet.hear(stale);
  puppet.work();
  ASSERT_EQ(puppet.sent<wire::Ballot>().size(), 1u) << "it may have been lost";
  puppet.hear(past(5, 5));
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  EXPECT_EQ(puppet.in_flight<ComputeBallot>()->round, 6u);
}

TEST(Restoring, OtherParametersThanTheCoordinatorsAreReplaced) {
  Puppet puppet = restored(stood_at(5, true));
  puppet.start();
  wire::Welcome other = welcome(5);
  other.fingerprint ^= 1;
  puppet.hear(other);
  puppet.work();
  EXPECT_EQ(puppet.session.round(), std::nullopt);
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::CatchUp>()[0].reason, wire::CatchUpReason::kDiverged);
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty());
}

TEST(Restoring, AheadOfACoordinatorThatLostRoundsItTakesItsCheckpoint) {
  Puppet puppet = restored(stood_at(9, true));
  puppet.start();
  wire::Welcome behind = welcome(5);
  behind.epoch = 1;
  puppet.hear(behind);
  puppet.work();
  EXPECT_EQ(puppet.session.round(), std::nullopt);
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::CatchUp>()[0].reason, wire::CatchUpReason::kDiverged);
  puppet.clear();
  puppet.hear(chunk(5, 0, 1));
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 5u);
  puppet.work();
  EXPECT_TRUE(puppet.in_flight<SaveState>()) << "rounds are counted anew";
}

TEST(Restoring, AStateOfAnotherRunIsOfNoUseAndThatIsSaid) {
  Puppet puppet = restored(stood_at(5, true, kOtherRun));
  puppet.start();
  puppet.hear(refusal(RefusalCode::kOtherRun));
  puppet.pass(kFirstBackoff);
  const auto joins = puppet.sent<wire::Join>();
  ASSERT_EQ(joins.size(), 2u);
  EXPECT_EQ(joins[1].run, wire::kAnyRun);
  EXPECT_EQ(joins[1].have_round, wire::kNoRound);
  puppet.hear(welcome(0));
  EXPECT_FALSE(puppet.in_flight<Prepare>()->restored);
  EXPECT_NE(puppet.notes.at(0).find("starting afresh"), std::string::npos);

  // A coordinator that welcomes it all the same.
  Puppet welcomed = restored(stood_at(5, true, kOtherRun));
  welcomed.start();
  welcomed.hear(welcome(0));
  ASSERT_TRUE(welcomed.in_flight<Prepare>());
  EXPECT_FALSE(welcomed.in_flight<Prepare>()->restored);
  EXPECT_NE(welcomed.notes.at(0).find("of no use"), std::string::npos);

  // A client that was told which run.
  SessionOptions told = saving(1);
  told.run = kRun;
  told.restored = stood_at(5, true, kOtherRun);
  Puppet choosy(std::move(told));
  choosy.start();
  EXPECT_EQ(choosy.sent<wire::Join>().at(0).run, kRun);
  EXPECT_EQ(choosy.sent<wire::Join>().at(0).have_round, wire::kNoRound);
  EXPECT_NE(choosy.notes.at(0).find("of no use"), std::string::npos);
}

TEST(Restoring, AStateOfAnotherModelIsOfNoUseAndThatIsSaid) {
  Puppet puppet = restored(stood_at(5, true));
  puppet.start();
  puppet.hear(welcome(5));
  puppet.finish(Prepared{kRun, fingerprint_of(kRun, 0), false, "it is of another model"});
  EXPECT_NE(puppet.notes.at(1).find("another model"), std::string::npos);
  EXPECT_EQ(puppet.sent<wire::CatchUp>().at(0).have_round, 0u);
}

TEST(Restoring, ASessionLostBeforeTheStateIsInPlaceCostsNothing) {
  Puppet puppet = restored(stood_at(5, true));
  puppet.start();
  puppet.hear(welcome(5));
  puppet.hear(refusal(RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  EXPECT_EQ(puppet.sent<wire::Join>().back().have_round, 5u);
  puppet.hear(welcome(6));
  puppet.work();
  EXPECT_EQ(puppet.sent<wire::CatchUp>().at(0).have_round, 5u);
}

TEST(Restoring, AFinishedClientLearnsThatItHasFinished) {
  Puppet puppet = restored(stood_at(kRounds, false));
  puppet.start();
  puppet.hear(welcome(kRounds, false));
  puppet.work();
  ASSERT_TRUE(puppet.end);
  EXPECT_EQ(puppet.end->ending, Ending::kFinished);
  EXPECT_EQ(puppet.sent<wire::Leave>().at(0).reason, wire::LeaveReason::kFinished);
}

// ---- how often --------------------------------------------------------------------------------

SessionOptions saving_in(Duration time, std::uint32_t rounds = 0) {
  SessionOptions options = named("puppet");
  options.save_every = {rounds, time};
  return options;
}

// The next decision is applied; says whether the state was saved then.
bool saves_at_next(Puppet& puppet) {
  puppet.hear(decision(*puppet.session.round(), false));
  puppet.work();
  const bool saves = puppet.in_flight<SaveState>() != nullptr;
  puppet.work_all();
  return saves;
}

// Saved now, without a new round; of `round`.
void expect_saving(Puppet& puppet, std::uint32_t round) {
  ASSERT_TRUE(puppet.in_flight<SaveState>());
  EXPECT_EQ(puppet.in_flight<SaveState>()->standing.round, round);
  puppet.work_all();
}

TEST(Saving, ByTimeAStateIsSavedOnceTheLastIsThatOld) {
  Puppet puppet(saving_in(seconds(30)));
  puppet.settle_at(5);  // saved at once
  puppet.pass_in_company(seconds(60), 5);
  EXPECT_FALSE(puppet.job) << "nothing is new";
  EXPECT_TRUE(saves_at_next(puppet));
  puppet.pass_in_company(seconds(29), 6);
  EXPECT_FALSE(saves_at_next(puppet));
  EXPECT_FALSE(saves_at_next(puppet)) << "however many rounds pass";
  puppet.pass_in_company(seconds(1), 8);
  expect_saving(puppet, 8);
  EXPECT_FALSE(saves_at_next(puppet));
  puppet.pass_in_company(seconds(30), 9);
  expect_saving(puppet, 9);
}

TEST(Saving, ByTimeABallotIsHeldBackOnlyWhereAStateIsDue) {
  Puppet puppet(saving_in(seconds(30)));
  puppet.settle_at(5);
  puppet.hear(decision(5));
  puppet.work();
  puppet.work();  // the ballot
  EXPECT_FALSE(puppet.job);
  EXPECT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
  puppet.hear(decision(6));
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  puppet.pass_in_company(seconds(30), 7);  // a long gradient
  puppet.clear();
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<SaveState>());
  EXPECT_TRUE(puppet.in_flight<SaveState>()->standing.ballot);
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty());
  puppet.work();
  EXPECT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
}

TEST(Saving, ByRoundsTheClockDoesNotMatter) {
  Puppet puppet(saving(3));
  puppet.settle_at(5);
  puppet.pass_in_company(seconds(500), 5);
  EXPECT_FALSE(saves_at_next(puppet));
  EXPECT_FALSE(saves_at_next(puppet));
  EXPECT_TRUE(saves_at_next(puppet)) << "three rounds after the last";
}

TEST(Saving, ARestoredStateIsAsGoodAsOneThatWasJustSaved) {
  SessionOptions options = saving_in(seconds(30));
  options.restored = stood_at(5, false);
  Puppet puppet(std::move(options));
  puppet.start();
  puppet.hear(welcome(5, false));
  puppet.work_all();
  EXPECT_FALSE(saves_at_next(puppet));
  puppet.pass_in_company(seconds(30), 6);
  expect_saving(puppet, 6);
}

TEST(Saving, ByTimeTheLastStateIsSavedAtACleanEndToo) {
  Puppet puppet(saving_in(seconds(30)));
  puppet.settle_at(5);
  EXPECT_FALSE(saves_at_next(puppet));
  puppet.step(StopAsked{});
  ASSERT_TRUE(puppet.in_flight<SaveState>());
  EXPECT_EQ(puppet.in_flight<SaveState>()->standing.round, 6u);
}

}  // namespace
}  // namespace psephos::client::testing
