#include <gtest/gtest.h>

#include "tests/client/session/puppet.h"

namespace psephos::client::testing {
namespace {

TEST(Epochs, AClientAheadOfACoordinatorThatLostRoundsTakesTheCheckpoint) {
  Puppet puppet;
  puppet.settle_at(50);
  puppet.hear(refusal(wire::RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  wire::Welcome restored = welcome(40);
  restored.session = kSession + 1;
  restored.epoch = 1;
  puppet.clear();
  puppet.hear(restored);
  EXPECT_FALSE(puppet.session.round());
  EXPECT_EQ(puppet.session.fingerprint_mismatches(), 1u);
  EXPECT_FALSE(puppet.job);
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::CatchUp>()[0].reason, wire::CatchUpReason::kDiverged);
}

TEST(Epochs, AJobThatOverrunsARestoredCoordinatorIsNotBelieved) {
  Puppet puppet;
  puppet.settle_at(38);
  puppet.hear(past(38, 49));
  ASSERT_TRUE(puppet.in_flight<ApplyDecisions>());
  puppet.hear(refusal(wire::RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  wire::Welcome restored = welcome(40);
  restored.session = kSession + 1;
  restored.epoch = 1;
  puppet.hear(restored);
  puppet.work();  // x_50 of the lost rounds
  EXPECT_FALSE(puppet.session.round());
  EXPECT_EQ(puppet.session.fingerprint_mismatches(), 1u);
}

TEST(Epochs, ADifferentFingerprintAtTheOpenRoundIsADivergence) {
  for (const bool applying : {false, true}) {
    Puppet puppet;
    puppet.settle_at(40);
    if (applying) puppet.hear(decision(40));
    puppet.hear(refusal(wire::RefusalCode::kRejoin));
    puppet.pass(kFirstBackoff);
    wire::Welcome other = welcome(applying ? 41 : 40);
    other.fingerprint ^= 1;
    puppet.hear(other);
    if (applying) puppet.work();
    EXPECT_FALSE(puppet.session.round());
    EXPECT_EQ(puppet.session.fingerprint_mismatches(), 1u);
  }
}

TEST(Epochs, InANewEpochARoundIsSpokenOfOnlyOnceItIsConfirmed) {
  Puppet puppet;
  puppet.settle_at(38);
  puppet.hear(refusal(wire::RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  EXPECT_EQ(puppet.sent<wire::Join>().at(0).epoch, 0u);
  wire::Welcome restored = welcome(40);
  restored.epoch = 1;
  puppet.clear();
  puppet.hear(restored);
  EXPECT_FALSE(puppet.session.round());
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::CatchUp>()[0].have_round, 38u) << "it may well be the same branch";
  puppet.pass(kInterval);
  EXPECT_EQ(puppet.sent<wire::Heartbeat>().at(0).round, wire::kNoRound);
  puppet.hear(past(38, 39));
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 40u);
  puppet.hear(refusal(wire::RefusalCode::kRejoin));
  puppet.clear();
  puppet.pass(kFirstBackoff);
  EXPECT_EQ(puppet.sent<wire::Join>().at(0).epoch, 1u);
}

TEST(Epochs, DecisionsAppliedAcrossEpochsAreConfirmedByTheNewOneFirst) {
  Puppet puppet;
  puppet.settle_at(30);
  puppet.hear(past(30, 37));
  puppet.hear(refusal(wire::RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  wire::Welcome restored = welcome(40);
  restored.epoch = 1;
  puppet.hear(restored);
  puppet.work();
  EXPECT_FALSE(puppet.session.round()) << "x_38 was confirmed in the old epoch only";
  puppet.hear(past(38, 39));
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 40u);
}

TEST(Epochs, ADecisionThatWaitsGoesWithItsSession) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(wire::Call{kSession, 5});
  puppet.hear(decision(5));
  puppet.hear(refusal(wire::RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  wire::Welcome restored = welcome(5);  // round 5 was lost, and may be decided otherwise
  restored.epoch = 1;
  puppet.hear(restored);
  puppet.work();
  EXPECT_FALSE(puppet.job);
  EXPECT_EQ(puppet.session.round(), 5u);
  EXPECT_EQ(puppet.sent<wire::Ballot>().size(), 1u);
}

}  // namespace
}  // namespace psephos::client::testing
