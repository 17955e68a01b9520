// What a Join is answered with, and whose frames count afterwards.

#include <gtest/gtest.h>

#include "runtime/wire/limits.h"
#include "tests/coordinator/session/machine.h"

namespace psephos::coordinator {
namespace {

using namespace testing;
using wire::RefusalCode;

TEST(SessionJoin, IsAnsweredByAWelcomeThatSaysEverything) {
  SessionOptions options = options_for(config_for(2));
  options.round = 7;
  options.epoch = 3;
  Machine machine(options);
  machine.join("ann");
  const auto welcomes = machine.heard<wire::Welcome>("ann");
  ASSERT_EQ(welcomes.size(), 1u);
  EXPECT_EQ(machine.frames_to("ann"), 1u);
  const wire::Welcome& welcome = welcomes.front();
  EXPECT_EQ(welcome.run, kRun);
  EXPECT_EQ(welcome.session, kSession);
  EXPECT_EQ(welcome.epoch, 3u);
  EXPECT_EQ(welcome.round, 7u);
  EXPECT_TRUE(welcome.vote);
  EXPECT_EQ(welcome.tensors, options.tensors);
  EXPECT_EQ(welcome.hyper, options.config.hyper);
  EXPECT_EQ(welcome.fingerprint, kFirstFingerprint);
  EXPECT_EQ(welcome.largest_frame, wire::client_max_frame(kParameters));
}

TEST(SessionJoin, OfAnotherProtocolIsRefused) {
  Machine machine(config_for(1));
  wire::Join join = join_of("ann");
  join.protocol_min = join.protocol_max = wire::kProtocol + 1;
  machine.tell("ann", join);
  EXPECT_EQ(machine.refusals("ann"), std::vector{RefusalCode::kProtocol});
  EXPECT_EQ(machine.session.clients(), 0u);
  join.protocol_min = join.protocol_max = wire::kProtocol - 1;
  machine.tell("ben", join);
  ASSERT_EQ(machine.refusals("ben"), std::vector{RefusalCode::kProtocol});
  const std::string text = machine.only<wire::Refusal>("ben").text;
  EXPECT_NE(text.find("install Psephos " PSEPHOS_VERSION " or newer"), std::string::npos) << text;
  join.protocol_min = 0;
  join.protocol_max = wire::kProtocol;
  machine.tell("ann", join);
  EXPECT_EQ(machine.heard<wire::Welcome>("ann").size(), 1u);
}

TEST(SessionJoin, OfAnotherRunIsRefused) {
  Machine machine(config_for(1));
  wire::Join join = join_of("ann");
  join.run = kRun + 1;
  machine.tell("ann", join);
  EXPECT_EQ(machine.refusals("ann"), std::vector{RefusalCode::kOtherRun});
  join.run = kRun;
  machine.tell("ann", join);
  EXPECT_EQ(machine.heard<wire::Welcome>("ann").size(), 1u);
}

TEST(SessionJoin, OfAnotherPartitionIsRefused) {
  SessionOptions options = options_for(config_for(1));
  options.data_manifest = 99;
  Machine machine(options);
  wire::Join join = join_of("ann");
  join.data_manifest = 98;
  machine.tell("ann", join);
  EXPECT_EQ(machine.refusals("ann"), std::vector{RefusalCode::kOtherData});
  join.data_manifest = 99;
  machine.tell("ann", join);
  EXPECT_EQ(machine.heard<wire::Welcome>("ann").size(), 1u);
  machine.join("ben");  // data of its own
  EXPECT_EQ(machine.heard<wire::Welcome>("ben").size(), 1u);
}

TEST(SessionJoin, FindsTheHouseFullAndIsToldToWait) {
  RunConfig config = config_for(1);
  config.max_clients = 2;
  Machine machine(config);
  machine.join_all({"ann", "ben", "cat"});
  const auto refusals = machine.heard<wire::Refusal>("cat");
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals.front().code, static_cast<std::uint8_t>(RefusalCode::kBusy));
  EXPECT_GT(refusals.front().wait_ms, 0u);
  EXPECT_EQ(machine.session.traffic().joins_refused_full, 1u);
  machine.ballot("cat", 0);
  EXPECT_EQ(machine.refusals("cat"), std::vector{RefusalCode::kRejoin});
  machine.join("ann");  // has its place
  EXPECT_EQ(machine.heard<wire::Welcome>("ann").size(), 1u);
}

TEST(SessionJoin, TakesThePlaceOfOneThatLeftWithoutAVote) {
  RunConfig config = config_for(2);
  config.max_clients = 2;
  Machine machine(config);
  machine.join_all({"ann", "ben"});
  machine.ballot("ben", 0);
  machine.leave("ann");
  machine.leave("ben");
  machine.join("cat");
  EXPECT_EQ(machine.heard<wire::Welcome>("cat").size(), 1u);
  machine.join("dan");  // ben voted: forgetting it would let it vote twice
  EXPECT_EQ(machine.refusals("dan"), std::vector{RefusalCode::kBusy});
}

TEST(SessionJoin, TakesThePlaceOfOneThatIsAwayOnceItsLastBallotIsRefusedAnyway) {
  RunConfig config = config_for(1);
  config.max_clients = config.min_clients = 2;
  config.hyper.staleness = 3;
  Machine machine(config);
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  ASSERT_EQ(machine.session.round(), 1u);
  machine.leave("ann");
  const Frame of_ann = ballot_frame(0, std::string(kParameters, '+'));
  while (machine.session.round() < 4) {
    machine.join("cat");  // ann's ballot of round 0 might come again, and count
    EXPECT_EQ(machine.refusals("cat"), std::vector{RefusalCode::kBusy});
    machine.ballot("ben", machine.session.round());
  }
  machine.join("cat");
  ASSERT_EQ(machine.session.round(), 4u);
  EXPECT_EQ(machine.heard<wire::Welcome>("cat").size(), 1u);
  machine.leave("cat");
  machine.join("ann");  // as a newcomer, with a ballot that was counted
  machine.frame("ann", of_ann);
  EXPECT_FALSE(machine.asked<CountBallot>());
}

TEST(SessionJoin, NewestOwnsTheNameAndTheOlderConnectionIsIgnored) {
  Machine machine(config_for(2));
  machine.tell("old", join_of("ann"));
  machine.tell("new", join_of("ann"));
  EXPECT_EQ(machine.session.clients(), 1u);
  machine.ballot("old", 0);
  EXPECT_TRUE(machine.actions.empty());
  machine.heartbeat("old");
  EXPECT_TRUE(machine.actions.empty());
  machine.ballot("new", 0);
  EXPECT_TRUE(machine.asked<CountBallot>());
  machine.tell("old", join_of("ann"));  // the newest Join again
  machine.heartbeat("new");
  EXPECT_TRUE(machine.actions.empty());
  machine.heartbeat("old");
  EXPECT_EQ(machine.heard<wire::Heartbeat>("old").size(), 1u);
}

TEST(SessionJoin, WithKeysTheKeyIsTheClientAndEveryFrameMustBearIt) {
  Machine machine(config_for(2));
  machine.frame("a", wire::build(join_of("ann")), "key-1");
  machine.frame("b", wire::build(join_of("ann")), "key-2");
  EXPECT_EQ(machine.session.clients(), 2u);
  const Frame ballot = ballot_frame(0, std::string(kParameters, '+'));
  machine.frame("a", ballot, "key-2");
  EXPECT_TRUE(machine.actions.empty());
  machine.frame("a", ballot, "key-1");
  EXPECT_EQ(machine.only<CountBallot>().identity, "key-1");
}

TEST(SessionJoin, UnderAnotherNameGivesTheFirstOneUp) {
  RunConfig config = config_for(1);
  config.min_clients = 3;
  Machine machine(config);
  machine.join_all({"ann", "ben", "cat"});
  machine.ballot("ben", 0);
  machine.ballot("cat", 0);
  EXPECT_EQ(machine.session.round(), 0u);  // ann is waited for
  machine.tell("ann", join_of("dan"));
  EXPECT_EQ(machine.session.round(), 1u);  // nobody speaks for ann any more
}

TEST(SessionJoin, UnderAnotherNameKeepsItsConnectionWhenTheFirstNameMovesOn) {
  Machine machine(config_for(3));
  machine.tell("p", join_of("ann"));
  machine.tell("p", join_of("ben"));
  machine.tell("q", join_of("ann"));  // ann's connection is q now; p is still ben's
  machine.heartbeat("p");
  EXPECT_EQ(machine.heard<wire::Heartbeat>("p").size(), 1u);
  machine.tell("p", join_of("ann"));
  machine.tell("p", join_of("ben"));
  machine.tell("p", join_of("ann"));  // back and forth: the last word counts
  machine.ballot("p", 0);
  EXPECT_EQ(machine.only<CountBallot>().identity, "ann");
}

// A coordinator that starts again at round 40 of epoch 2.
SessionOptions restarted() {
  SessionOptions options = options_for(config_for(5));
  options.round = 40;
  options.epoch = 2;
  return options;
}

wire::Join join_from(const std::string& name, std::uint32_t epoch, std::uint32_t round) {
  wire::Join join = join_of(name);
  join.run = kRun;
  join.epoch = epoch;
  join.have_round = round;
  return join;
}

TEST(SessionJoin, AheadOfTheLedgerBeginsAnEpochOncePerSession) {
  Machine machine(restarted());
  machine.tell("ann", join_from("ann", 2, 40));
  EXPECT_EQ(machine.session.epoch(), 2u);  // not ahead
  machine.tell("ann", join_from("ann", 2, 45));
  EXPECT_EQ(machine.session.epoch(), 3u);
  EXPECT_EQ(machine.only<wire::Welcome>("ann").epoch, 3u);
  ASSERT_TRUE(machine.asked<Note>());
  EXPECT_NE(machine.only<Note>().text.find("client ann says that it holds round 45"),
            std::string::npos);
  EXPECT_NE(machine.only<Note>().text.find("5 rounds were lost"), std::string::npos);
  machine.tell("ben", join_from("ben", 3, 1'000'000));
  EXPECT_EQ(machine.session.epoch(), 3u);
}

TEST(SessionJoin, FromAnEpochThatTheLedgerHasLostBeginsOneAboveIt) {
  for (const std::uint32_t held : {wire::kNoRound, 39u}) {
    Machine machine(restarted());
    machine.tell("ann", join_from("ann", 5, held));
    EXPECT_EQ(machine.session.epoch(), 6u);
    EXPECT_EQ(machine.only<CommitEpoch>().record, (EpochRecord{6, 40, 0}));
  }
}

TEST(SessionJoin, ThatBeginsAnEpochIsToldToThoseWhoAreIn) {
  Machine machine(restarted());
  machine.tell("ben", join_from("ben", 2, 40));
  machine.tell("ann", join_from("ann", 5, 39));
  EXPECT_EQ(machine.refusals("ben"), std::vector{RefusalCode::kRejoin});
  EXPECT_TRUE(machine.refusals("ann").empty());
  machine.tell("ben", join_from("ben", 2, 40));
  EXPECT_EQ(machine.only<wire::Welcome>("ben").epoch, 6u);
}

// It would use up the numbers, and no restored backup would be found out any more.
TEST(SessionJoin, AheadInAnEpochThatNobodyCanHaveReachedBeginsNone) {
  Machine machine(restarted());
  for (const std::uint32_t epoch : {0xFFFFFFFEu, 0xFFFFFFFFu, 3 + kMostEpochsAhead}) {
    machine.tell("liar", join_from("liar", epoch, 41));
    EXPECT_EQ(machine.session.epoch(), 2u);
    EXPECT_FALSE(machine.asked<CommitEpoch>());
  }
  const std::uint32_t largest_believed = 2 + kMostEpochsAhead;
  machine.tell("ann", join_from("ann", largest_believed, 41));
  EXPECT_EQ(machine.session.epoch(), largest_believed + 1);
}

TEST(SessionJoin, ANewEpochIsAboveEveryOneThatAClientKnows) {
  SessionOptions options = options_for(config_for(5));
  options.round = 40;
  Machine machine(options);
  wire::Join join = join_of("ann");
  join.run = kRun;
  join.epoch = 6;
  join.have_round = 45;
  machine.tell("ann", join);
  EXPECT_EQ(machine.session.epoch(), 7u);
  EXPECT_EQ(machine.only<CommitEpoch>().record, (EpochRecord{7, 40, 5}));
  // It stands before the Welcome that tells of it.
  ASSERT_TRUE(std::holds_alternative<CommitEpoch>(machine.actions.front()));
}

TEST(SessionJoin, AheadInAnEpochThatWasGivenUpLosesNothingMore) {
  SessionOptions options = options_for(config_for(5));
  options.round = 40;
  options.epoch = 2;
  Machine machine(options);
  wire::Join join = join_of("ann");
  join.run = kRun;
  join.epoch = 1;
  join.have_round = 45;
  machine.tell("ann", join);
  EXPECT_EQ(machine.session.epoch(), 2u);
}

TEST(SessionJoin, AheadInARunThatItDoesNotNameMeansNothing) {
  Machine machine(config_for(5));
  wire::Join join = join_of("ann");
  join.have_round = 45;
  machine.tell("ann", join);
  EXPECT_EQ(machine.session.epoch(), 0u);
}

}  // namespace
}  // namespace psephos::coordinator
