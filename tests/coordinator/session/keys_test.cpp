// Where clients have keys: what they are called, what becomes of a revoked one, and the alarm when
// a key seems to be in two places. (Whose frames count: join_test.cpp.)

#include <gtest/gtest.h>

#include "tests/coordinator/session/machine.h"

namespace psephos::coordinator {
namespace {

using namespace testing;
using wire::RefusalCode;

const std::string kAnn = "AnnsKey-0123456789012345678901234567890A";
const std::string kBen = "BensKey-0123456789012345678901234567890B";

class SessionKeys : public ::testing::Test {
 protected:
  explicit SessionKeys(std::uint32_t min_voters = 2) : machine_(config_for(min_voters)) {}

  void join(const std::string& peer, const std::string& name, const std::string& key) {
    machine_.frame(peer, wire::build(join_of(name)), key);
  }
  void vote(const std::string& peer, const std::string& key) {
    machine_.frame(peer, ballot_frame(machine_.session.round(), std::string(kParameters, '+')),
                   key);
  }
  std::string notes() const {
    std::string text;
    for (const Note& note : machine_.did<Note>()) text += note.text + "\n";
    return text;
  }

  Machine machine_;
};

TEST_F(SessionKeys, ReportsCallAClientByItsNameAndTheBeginningOfItsKey) {
  join("a", "kitchen", kAnn);
  join("b", "kitchen", kBen);
  const auto rows = machine_.session.client_rows();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "kitchen~AnnsKey-");
  EXPECT_EQ(rows[1].name, "kitchen~BensKey-");
  join("a", "cellar", kAnn);  // moved
  EXPECT_EQ(machine_.session.client_rows()[0].name, "cellar~AnnsKey-");
}

TEST(SessionKeysAfterARestart, ARevokedOneGivesItsPlaceUp) {
  RunConfig config = config_for(1);
  config.max_clients = 1;
  SessionOptions options = options_for(config);
  options.round = 40;
  options.counted = {{kAnn, 39}};
  Machine machine(options);
  machine.frame("b", wire::build(join_of("ben")), kBen);
  EXPECT_TRUE(machine.heard<wire::Welcome>("b").empty());
  machine.step(KeyRevoked{kAnn, ""});
  machine.frame("b", wire::build(join_of("ben")), kBen);
  EXPECT_EQ(machine.heard<wire::Welcome>("b").size(), 1u);
}

TEST_F(SessionKeys, ARevokedOneIsToldSoAndNeitherWaitedForNorToldAnything) {
  join("a", "ann", kAnn);
  join("b", "ben", kBen);
  join("c", "cat", "CatsKey");
  vote("a", kAnn);
  vote("c", "CatsKey");
  EXPECT_EQ(machine_.session.round(), 0u);  // ben may still vote
  machine_.step(KeyRevoked{kBen, ""});
  EXPECT_EQ(machine_.refusals("b"), std::vector{RefusalCode::kNotAllowed});
  EXPECT_NE(machine_.heard<wire::Refusal>("b").front().text.find(kBen), std::string::npos);
  EXPECT_NE(notes().find("ben~BensKey-"), std::string::npos);
  EXPECT_TRUE(machine_.only<Note>().weighty);
  EXPECT_EQ(machine_.session.round(), 1u);
  EXPECT_EQ(machine_.frames_to("b"), 1u);  // the refusal, and not the decision
  vote("a", kAnn);
  vote("c", "CatsKey");
  EXPECT_EQ(machine_.session.round(), 2u);
  EXPECT_EQ(machine_.frames_to("b"), 0u);
  // What it still says is answered, once a frame.
  machine_.step(KeyRevoked{kBen, "b"});
  EXPECT_EQ(machine_.refusals("b"), std::vector{RefusalCode::kNotAllowed});
  EXPECT_EQ(machine_.actions.size(), 1u);
  EXPECT_EQ(machine_.session.clients(), 3u);  // its record stays
}

TEST_F(SessionKeys, ARevokedOneIsToldThroughTheConnectionThatItSpeaksWith) {
  join("a", "ann", kAnn);
  machine_.step(KeyRevoked{kAnn, "elsewhere"});
  EXPECT_EQ(machine_.refusals("elsewhere"), std::vector{RefusalCode::kNotAllowed});
  EXPECT_EQ(machine_.frames_to("a"), 0u);
  machine_.step(KeyRevoked{kAnn, ""});  // nobody is left to be told
  EXPECT_TRUE(machine_.actions.empty());
  machine_.step(KeyRevoked{"never seen", ""});
  EXPECT_TRUE(machine_.actions.empty());
}

TEST_F(SessionKeys, ABallotThatWasCountedBeforeStaysCountedOnce) {
  join("a", "ann", kAnn);
  join("b", "ben", kBen);
  vote("a", kAnn);
  EXPECT_TRUE(machine_.asked<CountBallot>());
  machine_.step(KeyRevoked{kAnn, ""});
  join("a2", "ann", kAnn);  // back on the list
  vote("a2", kAnn);
  EXPECT_FALSE(machine_.asked<CountBallot>());
  vote("b", kBen);
  EXPECT_EQ(machine_.session.round(), 1u);
  EXPECT_EQ(machine_.counted.size(), 2u);
}

TEST_F(SessionKeys, OneThatIsListedAgainJoinsAgain) {
  join("a", "ann", kAnn);
  join("b", "ben", kBen);
  machine_.step(KeyRevoked{kAnn, ""});
  join("a", "ann", kAnn);
  EXPECT_EQ(machine_.heard<wire::Welcome>("a").size(), 1u);
  vote("a", kAnn);
  vote("b", kBen);
  EXPECT_EQ(machine_.session.round(), 1u);
  EXPECT_EQ(machine_.heard<wire::Decision>("a").size(), 1u);
}

TEST_F(SessionKeys, AKeyInTwoPlacesRaisesAnAlarm) {
  for (std::uint32_t i = 0; i <= kSuspiciousTakeovers; ++i) {
    EXPECT_EQ(machine_.session.traffic().takeover_alarms, 0u);
    join(i % 2 == 0 ? "here" : "there", "ann", kAnn);
    EXPECT_EQ(notes().empty(), i < kSuspiciousTakeovers);
  }
  EXPECT_NE(notes().find("its key may be in two places"), std::string::npos);
  EXPECT_EQ(machine_.session.traffic().takeover_alarms, 1u);
  EXPECT_TRUE(machine_.only<Note>().weighty);
}

TEST_F(SessionKeys, AConnectionThatIsReplacedNowAndThenRaisesNone) {
  const Frame alive = wire::build(wire::ClientMessage{wire::Heartbeat{kSession, 0}});
  for (std::uint32_t i = 0; i < 10 * kSuspiciousTakeovers; ++i) {
    join(i % 2 == 0 ? "here" : "there", "ann", kAnn);
    // Its network was away for long, and the silence not noticed yet.
    for (int second = 0; second <= 60; ++second) {
      machine_.pass(seconds(1));
      machine_.frame(i % 2 == 0 ? "here" : "there", alive, kAnn);
    }
  }
  EXPECT_EQ(machine_.session.traffic().takeover_alarms, 0u);
}

TEST_F(SessionKeys, AlarmsWithoutEndAreAllCountedAndSomeOfThemSaid) {
  std::size_t said = 0;
  for (std::uint32_t i = 0; i < 300; ++i) {
    join(i % 2 == 0 ? "here" : "there", "ann", kAnn);
    said += machine_.did<Note>().size();
  }
  EXPECT_EQ(machine_.session.traffic().takeover_alarms, 99u);
  EXPECT_EQ(said, static_cast<std::size_t>(kAlarmBurst));
}

TEST(SessionJoins, BeyondTheirRateAreToldToWaitEachLongerThanTheOneBefore) {
  RunConfig config = config_for(1);
  config.max_joins_per_second = 10;
  Machine machine(config);
  std::uint32_t last_wait = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string peer = "p" + std::to_string(i);
    machine.join(peer);
    if (i < 10) {
      EXPECT_EQ(machine.heard<wire::Welcome>(peer).size(), 1u);
      continue;
    }
    const auto refusal = machine.only<wire::Refusal>(peer);
    EXPECT_EQ(refusal.code, static_cast<std::uint8_t>(RefusalCode::kBusy));
    EXPECT_GT(refusal.wait_ms, last_wait);
    last_wait = refusal.wait_ms;
  }
  EXPECT_EQ(last_wait, 3000u);  // thirty are before it
  EXPECT_EQ(machine.session.traffic().joins_put_off, 30u);
  EXPECT_EQ(machine.session.clients(), 10u);
  // Whoever comes back after what it was told finds a place.
  machine.pass(milliseconds(last_wait));
  for (int i = 30; i < 40; ++i) {
    const std::string peer = "p" + std::to_string(i);
    machine.join(peer);
    EXPECT_EQ(machine.heard<wire::Welcome>(peer).size(), 1u);
  }
}

TEST(SessionJoins, OfOneThatRepeatsThemWithoutEndLeaveRoomForTheOthers) {
  RunConfig config = config_for(1);
  config.max_joins_per_second = 100;
  Machine machine(config);
  for (int i = 0; i < 1000; ++i) machine.join("ann");
  EXPECT_EQ(machine.only<wire::Refusal>("ann").code, static_cast<std::uint8_t>(RefusalCode::kBusy));
  machine.join("ben");
  EXPECT_EQ(machine.heard<wire::Welcome>("ben").size(), 1u);
  machine.pass(milliseconds(kBusyWaitMs));  // as the Refusal says
  machine.join("ann");
  EXPECT_EQ(machine.heard<wire::Welcome>("ann").size(), 1u);
}

TEST(SessionJoins, AreToldNoLongerWaitThanHalfAMinuteAndNoOneWaitsForTheFlood) {
  RunConfig config = config_for(1);
  config.max_joins_per_second = 10;
  Machine machine(config);
  for (int i = 0; i < 10'000; ++i) machine.join("p" + std::to_string(i));
  EXPECT_EQ(machine.only<wire::Refusal>("p9999").wait_ms, kLongestJoinWaitMs);
  // When the flood is over, what it was told is over as soon.
  machine.pass(milliseconds(kLongestJoinWaitMs));
  for (int i = 0; i <= 10; ++i) machine.join("q" + std::to_string(i));
  EXPECT_LE(machine.only<wire::Refusal>("q10").wait_ms, 200u);
}

TEST(SessionJoins, AreNotBoundedWhereNobodySaysSo) {
  Machine machine(config_for(1));
  for (int i = 0; i < 2000; ++i) machine.join("p" + std::to_string(i));
  EXPECT_EQ(machine.session.clients(), 2000u);
}

}  // namespace
}  // namespace psephos::coordinator
