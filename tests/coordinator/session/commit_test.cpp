// Decided, committed, and only then told; and a tally that is lost before.

#include <gtest/gtest.h>

#include <set>

#include "tests/coordinator/session/machine.h"

namespace psephos::coordinator {
namespace {

using namespace testing;
using wire::RefusalCode;

TEST(SessionCommit, DecisionIsToldOnlyWhenItIsCommitted) {
  Machine machine(config_for(2));
  machine.by_itself = false;
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  EXPECT_EQ(machine.only<CloseTally>().round, 0u);
  EXPECT_FALSE(machine.asked<SendFrame>());
  machine.step(Committed{0});  // of nothing
  EXPECT_TRUE(machine.actions.empty());
  machine.decide();
  EXPECT_FALSE(machine.asked<SendFrame>());
  const DecisionRef record = machine.only<Commit>().record;
  machine.heartbeat("ann");
  EXPECT_EQ(machine.only<wire::Heartbeat>("ann").round, 0u);
  machine.join("cat");
  EXPECT_EQ(machine.only<wire::Welcome>("cat").round, 0u);
  EXPECT_FALSE(machine.only<wire::Welcome>("cat").vote);
  machine.step(Committed{7});  // of another round
  EXPECT_TRUE(machine.actions.empty());
  machine.commit();
  for (const char* name : {"ann", "ben", "cat"}) {
    const auto decisions = machine.heard<wire::Decision>(name);
    ASSERT_EQ(decisions.size(), 1u) << name;
    const wire::Decision& decision = decisions.front();
    EXPECT_EQ(decision.session, kSession);
    EXPECT_EQ(decision.run, kRun);
    EXPECT_EQ(decision.round, 0u);
    EXPECT_EQ(decision.delta, record->delta);
    EXPECT_EQ(decision.keep, record->keep);
    EXPECT_EQ(decision.encoding, record->votes.encoding);
    EXPECT_TRUE(std::equal(decision.planes.begin(), decision.planes.end(),
                           record->votes.planes.begin(), record->votes.planes.end()));
    EXPECT_EQ(decision.voters, 2u);
    EXPECT_EQ(decision.fingerprint, record->fingerprint);
    EXPECT_TRUE(decision.vote);
    EXPECT_FALSE(decision.evaluate);
  }
  EXPECT_EQ(machine.session.round(), 1u);
  EXPECT_EQ(machine.session.fingerprint(), record->fingerprint);
  machine.commit();  // twice
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionCommit, VotesGoWithTheirDecisionAndItsTermsAreTheNextRounds) {
  RunConfig config = config_for(1);
  config.hyper.ballot = *parse_ballot_rule("stochastic-ternary:8");
  Machine machine(config);
  machine.by_itself = false;
  machine.join("ann");
  machine.frame("ann", ballot_frame(0, std::string(kParameters, '-'), kSession, kRun, {0.5F}));
  auto record = std::make_shared<DecisionRecord>();
  record->votes = encode(psephos::testing::signs_of(std::string(kParameters, '-')));
  record->delta = 0.25F;
  record->voters = 1;
  record->steps = {0.125F};
  record->next = {0.5F, 7, {3}};
  record->fingerprint = 17;
  const auto counts = std::make_shared<const Bytes>(3);
  machine.step(RoundClosed{{record, {}, counts, 1.0}});
  EXPECT_EQ(machine.only<Commit>().record, record);
  EXPECT_EQ(machine.only<Commit>().counts, counts);
  machine.commit();
  EXPECT_EQ(machine.only<wire::Decision>("ann").steps, record->steps);
  EXPECT_EQ(machine.only<wire::Decision>("ann").next, record->next);
  machine.join("ben");
  EXPECT_EQ(machine.only<wire::Welcome>("ben").terms, record->next);
}

TEST(SessionCommit, TwoFramesARoundAreSharedByAllWhoGetThem) {
  RunConfig config = config_for(3);
  config.fraction = 0.5;
  config.min_clients = 12;
  Machine machine(config);
  std::vector<std::string> names;
  for (char c = 'a'; c < 'm'; ++c) names.push_back(std::string("client-") + c);
  machine.join_all(names);
  for (const std::string& name : names) machine.ballot(name, 0);
  // The last ballots find the round closed: look at the next one from its start.
  ASSERT_EQ(machine.session.round(), 1u);
  for (const std::string& name : names) {
    machine.ballot(name, 1);
    if (machine.session.round() == 2) break;
  }
  std::set<const Bytes*> frames;
  for (const SendFrame& sent : machine.did<SendFrame>()) frames.insert(sent.frame.get());
  EXPECT_EQ(machine.did<SendFrame>().size(), 12u);
  EXPECT_EQ(frames.size(), 2u);
}

TEST(SessionCommit, LostTallyIsAskedForAgainAndCountedOnce) {
  RunConfig config = config_for(2);
  config.min_clients = 4;
  Machine machine(config);
  machine.join_all({"ann", "ben", "cat", "dan"});
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  machine.frame("cat", none_frame(0));
  machine.leave("ben");
  machine.step(TallyLost{0});
  EXPECT_EQ(machine.refusals("ann"), std::vector{RefusalCode::kResend});
  EXPECT_EQ(machine.refusals("cat"), std::vector{RefusalCode::kResend});
  EXPECT_EQ(machine.refusals("dan"), std::vector{RefusalCode::kResend});
  EXPECT_EQ(machine.frames_to("ben"), 0u);
  machine.ballot("ann", 0);
  EXPECT_TRUE(machine.asked<CountBallot>());
  machine.ballot("ann", 0);
  EXPECT_TRUE(machine.actions.empty());
  machine.frame("cat", none_frame(0));
  EXPECT_EQ(machine.session.round(), 0u);
  machine.ballot("dan", 0);
  ASSERT_EQ(machine.session.round(), 1u);
  EXPECT_EQ(machine.only<RoundFinished>().row.voters, 2u);
  EXPECT_EQ(machine.row("ben").counted, 0u);
  machine.step(TallyLost{0});  // of a round that is committed
  EXPECT_TRUE(machine.actions.empty());
}

TEST(SessionCommit, TallyLostWhileItIsDecidedOpensTheRoundAgain) {
  Machine machine(config_for(2));
  machine.by_itself = false;
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  ASSERT_TRUE(machine.asked<CloseTally>());
  machine.step(TallyLost{0});
  EXPECT_EQ(machine.refusals("ann"), std::vector{RefusalCode::kResend});
  machine.by_itself = true;
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionCommit, TallyLostAfterItsDecisionDoesNotMatter) {
  Machine machine(config_for(1));
  machine.by_itself = false;
  machine.join("ann");
  machine.ballot("ann", 0);
  machine.decide();
  machine.step(TallyLost{0});
  EXPECT_TRUE(machine.actions.empty());
  machine.commit();
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionCommit, LostTallyGetsAWholeDeadline) {
  RunConfig config = config_for(1);
  config.min_clients = 2;
  Machine machine(config);
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  machine.now += seconds(9);
  machine.step(TallyLost{0});
  machine.ballot("ann", 0);
  machine.heartbeat("ben");
  machine.now += milliseconds(9900);
  machine.heartbeat("ben");
  machine.step(Tick{});
  EXPECT_EQ(machine.session.round(), 0u);
  machine.now += milliseconds(100);
  machine.step(Tick{});
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionCommit, WhoCameAndWentGoesWithTheDecisionWithinItsBound) {
  Machine machine(config_for(1));
  machine.by_itself = false;
  machine.join("ann");
  for (std::uint32_t i = 0; i < kMaxMembershipEvents; ++i) {
    machine.leave("ann");
    machine.join("ann");
  }
  machine.ballot("ann", 0);
  machine.decide();
  const Membership membership = machine.only<Commit>().membership;
  ASSERT_EQ(membership.events.size(), kMaxMembershipEvents);
  EXPECT_EQ(membership.left_out, kMaxMembershipEvents + 1);
  EXPECT_EQ(membership.events[0], (MembershipEvent{MembershipEvent::Kind::kJoined, "ann"}));
  EXPECT_EQ(membership.events[1], (MembershipEvent{MembershipEvent::Kind::kLeft, "ann"}));
  machine.commit();
  machine.ballot("ann", 1);
  machine.decide();
  EXPECT_EQ(machine.only<Commit>().membership, Membership{});
}

}  // namespace
}  // namespace psephos::coordinator
