// What a round is voted on with, and what invites to it without a Call.

#include <gtest/gtest.h>

#include "tests/client/session/puppet.h"

namespace psephos::client::testing {
namespace {

TEST(Invited, TheTermsOfAWelcomeAreThoseOfItsRound) {
  Puppet puppet;
  wire::Welcome there = welcome(0);
  there.hyper.ballot = *parse_ballot_rule("stochastic-ternary:8");
  there.terms = {0.25f, 7, std::vector<float>(there.tensors.size(), 0.5f)};
  puppet.start();
  puppet.hear(there);
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  EXPECT_EQ(puppet.in_flight<ComputeBallot>()->terms, there.terms);
  puppet.work();
  puppet.hear(decision(0));
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  EXPECT_FALSE(puppet.in_flight<ComputeBallot>()->terms) << "the decision brought them";
}

TEST(Invited, AfterARejoinTheNewWelcomesTermsCount) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(refusal(wire::RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  wire::Welcome again = welcome(5);
  again.terms = {0.25f, 9, {}};
  puppet.hear(again);
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  EXPECT_EQ(puppet.in_flight<ComputeBallot>()->terms, again.terms);
}

TEST(Invited, APastInvitesToTheOpenRoundWithoutACall) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Heartbeat{kSession, 8});
  wire::Past answer = past(5, 7);
  for (wire::Decision& one : answer.decisions) one.vote = false;
  answer.round = 8;
  answer.vote = true;
  answer.evaluate = true;
  puppet.hear(answer);
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  EXPECT_EQ(puppet.in_flight<ComputeBallot>()->round, 8u);
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<Evaluate>());
  EXPECT_EQ(puppet.in_flight<Evaluate>()->round, 8u);
  puppet.work();
  EXPECT_FALSE(puppet.job);
}

TEST(Invited, APastThatDoesNotInviteLeavesTheRoundAlone) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Heartbeat{kSession, 8});
  wire::Past answer = past(5, 7);
  for (wire::Decision& one : answer.decisions) one.vote = false;
  answer.round = 8;
  puppet.hear(answer);
  puppet.work();
  EXPECT_FALSE(puppet.job);
  EXPECT_EQ(puppet.session.round(), 8u);
}

TEST(Invited, ACheckpointsPastInvites) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Heartbeat{kSession, 32});
  wire::Past answer = chunk(32, 0, 1);
  answer.have_round = 5;
  answer.round = 32;
  answer.vote = true;
  puppet.hear(answer);
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  EXPECT_EQ(puppet.in_flight<ComputeBallot>()->round, 32u);
}

TEST(Invited, WhatAPastSaysOfRoundsBeyondTheRunIsNoise) {
  Puppet puppet;
  puppet.settle_at(5);
  wire::Past answer = past(5, 5);
  for (wire::Decision& one : answer.decisions) one.vote = false;
  answer.round = kRounds + 7;
  answer.vote = true;
  answer.evaluate = true;
  puppet.hear(answer);
  puppet.work();
  EXPECT_FALSE(puppet.job);
  EXPECT_TRUE(puppet.frames.empty());
  EXPECT_EQ(puppet.session.round(), 6u);
}

}  // namespace
}  // namespace psephos::client::testing
