#include <gtest/gtest.h>

#include "tests/client/session/puppet.h"

namespace psephos::client::testing {
namespace {

wire::Welcome welcome_to_other_run(std::uint32_t round = 0) {
  wire::Welcome other = welcome(round);
  other.run = kOtherRun;
  other.session = kSession + 1;
  other.tensors = {{"weight", 0, 43, 0.25f}};
  other.fingerprint = fingerprint_of(kOtherRun, round);
  return other;
}

// The coordinator is replaced by one that leads another run.
void change_run(Puppet& puppet, const wire::Welcome& to = welcome_to_other_run()) {
  puppet.hear(refusal(wire::RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  EXPECT_EQ(puppet.sent<wire::Join>().back().run, kRun);
  puppet.hear(refusal(wire::RefusalCode::kOtherRun));
  puppet.clear();
  puppet.pass(kFirstBackoff);
  ASSERT_EQ(puppet.sent<wire::Join>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::Join>()[0].run, wire::kAnyRun);
  EXPECT_EQ(puppet.sent<wire::Join>()[0].have_round, wire::kNoRound);
  puppet.clear();
  puppet.hear(to);
}

void expect_a_fresh_start(Puppet& puppet) {
  EXPECT_FALSE(puppet.session.round());
  EXPECT_TRUE(puppet.frames.empty()) << "nothing of the old run is spoken of";
  ASSERT_TRUE(puppet.in_flight<Prepare>());
  EXPECT_EQ(puppet.in_flight<Prepare>()->welcome.run, kOtherRun);
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 0u);
  EXPECT_EQ(puppet.session.fingerprint(), fingerprint_of(kOtherRun, 0));
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  puppet.work();
  const auto ballots = puppet.sent<wire::Ballot>();
  ASSERT_EQ(ballots.size(), 1u);
  EXPECT_EQ(ballots[0].run, kOtherRun);
  EXPECT_EQ(ballots[0].session, kSession + 1);
  EXPECT_FALSE(puppet.end);
}

TEST(RunChange, StartsAfresh) {
  Puppet puppet;
  puppet.settle_at(5);
  change_run(puppet);
  expect_a_fresh_start(puppet);
}

TEST(RunChange, APreparedModelOfTheOldRunDoesNotCount) {
  Puppet puppet;
  puppet.start();
  puppet.hear(welcome(0));
  ASSERT_TRUE(puppet.in_flight<Prepare>());
  change_run(puppet);
  puppet.finish(Prepared{kRun, fingerprint_of(kRun, 0)});
  expect_a_fresh_start(puppet);
}

TEST(RunChange, AnOldRunsModelThatCannotBeBuiltIsNoReasonToGiveUp) {
  Puppet puppet;
  puppet.start();
  puppet.hear(welcome(0));
  change_run(puppet);
  puppet.finish(JobFailed{"no such data here"});
  expect_a_fresh_start(puppet);
}

TEST(RunChange, ABallotOfTheOldRunDoesNotCount) {
  Puppet puppet;
  puppet.settle_at(0);
  puppet.hear(wire::Call{kSession, 0});
  ASSERT_TRUE(puppet.in_flight<ComputeBallot>());
  change_run(puppet);
  puppet.work();
  expect_a_fresh_start(puppet);
}

TEST(RunChange, AKeptBallotOfTheOldRunIsNotSent) {
  Puppet puppet;
  puppet.settle_at(0);
  puppet.hear(wire::Call{kSession, 0});
  puppet.work();
  change_run(puppet);
  expect_a_fresh_start(puppet);
}

TEST(RunChange, DecisionsOfTheOldRunDoNotCount) {
  for (const bool matched : {true, false}) {
    Puppet puppet;
    puppet.settle_at(0);
    puppet.hear(past(0, 3));
    ASSERT_TRUE(puppet.in_flight<ApplyDecisions>());
    puppet.hear(decision(4));  // waits for its turn, and goes with the session
    change_run(puppet);
    puppet.finish(Applied{4, fingerprint_of(kRun, 4), matched});
    expect_a_fresh_start(puppet);
    EXPECT_EQ(puppet.session.fingerprint_mismatches(), 0u);
  }
}

TEST(RunChange, ACheckpointOfTheOldRunDoesNotCount) {
  for (const bool matched : {true, false}) {
    Puppet puppet;
    puppet.start();
    puppet.hear(welcome(40));
    puppet.work();
    puppet.hear(chunk(32, 0, 1));
    ASSERT_TRUE(puppet.in_flight<LoadChunk>());
    change_run(puppet);
    puppet.finish(ChunkLoaded{32, 0, true, matched, fingerprint_of(kRun, 32)});
    expect_a_fresh_start(puppet);
    EXPECT_EQ(puppet.session.fingerprint_mismatches(), 0u);
  }
}

TEST(RunChange, AnEvaluationOfTheOldRunIsNotReported) {
  Puppet puppet;
  puppet.settle_at(5);
  wire::Decision asked = decision(5, false);
  asked.evaluate = true;
  puppet.hear(asked);
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<Evaluate>());
  change_run(puppet);
  puppet.work();
  expect_a_fresh_start(puppet);
}

TEST(RunChange, OtherHyperparametersInTheSameRunArePreparedForAnew) {
  Puppet puppet;
  puppet.settle_at(0);
  puppet.hear(wire::Call{kSession, 0});
  puppet.hear(refusal(wire::RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  wire::Welcome changed = welcome(0);
  changed.hyper.local_steps *= 2;
  puppet.hear(changed);
  puppet.work();
  ASSERT_TRUE(puppet.in_flight<Prepare>());
  EXPECT_EQ(puppet.in_flight<Prepare>()->welcome.hyper, changed.hyper);
}

TEST(RunChange, TheSameRunUnderANewSessionKeepsTheReplica) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(refusal(wire::RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  wire::Welcome again = welcome(5);
  again.session = kSession + 1;
  puppet.hear(again);
  EXPECT_EQ(puppet.session.round(), 5u);
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>());
}

}  // namespace
}  // namespace psephos::client::testing
