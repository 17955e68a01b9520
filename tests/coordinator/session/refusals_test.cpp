// What is refused, in which words, and which frame a Refusal says it answers.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/coordinator/session/machine.h"

namespace psephos::coordinator {
namespace {

using namespace testing;
using wire::RefusalCode;
using wire::RefusedFrame;

constexpr std::uint8_t kCatchUpBody = 3;

TEST(SessionRefusals, OfAMalformedBallotNameItsRound) {
  for (const bool at_once : {true, false}) {
    RunConfig config = config_for(3);
    config.hyper.staleness = 2;
    SessionOptions options = options_for(config);
    options.round = 5;
    Machine machine(options);
    machine.join("ann");
    machine.reads_at_once = at_once;
    machine.frame("ann", malformed_frame(4));
    if (!at_once) machine.read();
    const wire::Refusal refusal = machine.only<wire::Refusal>("ann");
    EXPECT_EQ(refusal.code, static_cast<std::uint8_t>(RefusalCode::kMalformed));
    EXPECT_EQ(refusal.of, (RefusedFrame{wire::kBallotBody, 4, 0}));
    EXPECT_FALSE(refusal.text.empty());
  }
}

TEST(SessionRefusals, OfACatchUpThatComesTooOftenNameWhatItAskedFor) {
  Machine machine(config_for(3));
  machine.join("ann");
  const wire::CatchUp decisions{.session = kSession, .have_round = 7};
  for (int i = 0; i < static_cast<int>(kCatchUpBurst); ++i) machine.tell("ann", decisions);
  machine.tell("ann", decisions);
  const wire::Refusal behind = machine.only<wire::Refusal>("ann");
  EXPECT_EQ(behind.code, static_cast<std::uint8_t>(RefusalCode::kBusy));
  EXPECT_EQ(behind.wait_ms, kBusyWaitMs);
  EXPECT_EQ(behind.of, (RefusedFrame{kCatchUpBody, 7, 0}));
  machine.tell("ann", wire::CatchUp{.session = kSession,
                                    .have_round = wire::kNoRound,
                                    .checkpoint = 32,
                                    .chunk = 3,
                                    .reason = wire::CatchUpReason::kNoState});
  EXPECT_EQ(machine.only<wire::Refusal>("ann").of, (RefusedFrame{kCatchUpBody, 32, 3}));
}

TEST(SessionRefusals, OfAJoinNameIt) {
  RunConfig config = config_for(3);
  config.max_clients = 1;
  Machine machine(config);
  machine.join("ann");
  machine.join("ben");
  EXPECT_EQ(machine.refusals("ben"), std::vector{RefusalCode::kBusy});
  EXPECT_EQ(machine.only<wire::Refusal>("ben").of,
            (RefusedFrame{wire::kJoinBody, wire::kNoRound, 0}));
  wire::Join other = join_of("cat");
  other.run = kRun + 1;
  other.have_round = 12;
  machine.tell("cat", other);
  EXPECT_EQ(machine.only<wire::Refusal>("cat").of, (RefusedFrame{wire::kJoinBody, 12, 0}));
}

TEST(SessionRefusals, OfTooManyJoinsNameThem) {
  RunConfig config = config_for(3);
  config.max_joins_per_second = 1;
  Machine machine(config);
  for (int i = 0; i < 50; ++i) machine.join("client-" + std::to_string(i));
  const wire::Refusal refusal = machine.only<wire::Refusal>("client-49");
  EXPECT_EQ(refusal.code, static_cast<std::uint8_t>(RefusalCode::kBusy));
  EXPECT_EQ(refusal.of, (RefusedFrame{wire::kJoinBody, wire::kNoRound, 0}));
}

TEST(SessionRefusals, OfStrangersNameWhatTheySaid) {
  Machine machine(config_for(3));
  machine.frame("stranger", ballot_frame(6, kPlus));
  EXPECT_EQ(machine.only<wire::Refusal>("stranger").of, (RefusedFrame{wire::kBallotBody, 6, 0}));
  machine.frame("stranger", std::make_shared<const Bytes>(64, std::uint8_t{0xAB}));
  EXPECT_EQ(machine.only<wire::Refusal>("stranger").of, RefusedFrame{});
}

TEST(SessionRefusals, ThatAnswerNoFrameNameNone) {
  Machine machine(config_for(2));
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  machine.step(TallyLost{0});
  const wire::Refusal resend = machine.only<wire::Refusal>("ann");
  EXPECT_EQ(resend.code, static_cast<std::uint8_t>(RefusalCode::kResend));
  EXPECT_EQ(resend.of, RefusedFrame{});
  // Those who are told of an epoch have not said what began it.
  wire::Join ahead = join_of("cat");
  ahead.run = kRun;
  ahead.have_round = 9;
  machine.tell("cat", ahead);
  const wire::Refusal rejoin = machine.only<wire::Refusal>("ann");
  EXPECT_EQ(rejoin.code, static_cast<std::uint8_t>(RefusalCode::kRejoin));
  EXPECT_EQ(rejoin.of, RefusedFrame{});
}

TEST(SessionRefusals, ABrokenJoinIsCalledMalformedAndNotSentToJoin) {
  Machine machine(config_for(3));
  for (const char* peer : {"stranger", "ann"}) {
    if (std::string(peer) == "ann") machine.join("ann");
    machine.tell(peer, join_of("two words"));
    const wire::Refusal refusal = machine.only<wire::Refusal>(peer);
    EXPECT_EQ(refusal.code, static_cast<std::uint8_t>(RefusalCode::kMalformed)) << peer;
    EXPECT_FALSE(refusal.text.empty());
    EXPECT_EQ(refusal.text.find("say Join first"), std::string::npos);
    EXPECT_EQ(refusal.of.body, wire::kJoinBody);
  }
  EXPECT_EQ(machine.session.traffic().malformed, 2u);
  EXPECT_EQ(machine.session.clients(), 1u);
}

SessionOptions with_scales() {
  RunConfig config = config_for(1);
  config.min_clients = 2;
  config.hyper.ballot = *parse_ballot_rule("stochastic-ternary:2");
  SessionOptions options = options_for(config);
  options.tensors = {{"weight", 0, 30, 0.5F}, {"bias", 30, 10, 0}};
  options.terms = first_terms(config, options.tensors);
  return options;
}

Frame reporting(std::vector<float> scales) {
  return ballot_frame(0, kPlus, kSession, kRun, std::move(scales));
}

TEST(SessionScales, ABallotThatReportsWhatTheRuleAsksForCountsWithItsReport) {
  Machine machine(with_scales());
  machine.join_all({"ann", "ben"});
  EXPECT_EQ(machine.only<wire::Welcome>("ben").terms.scales.size(), 2u);
  machine.frame("ann", reporting({0.5F, 0.25F}));
  EXPECT_EQ(machine.only<CountBallot>().scales, (std::vector<float>{0.5F, 0.25F}));
}

TEST(SessionScales, ABallotWithAnotherNumberOfThemIsMalformedAndNotWaitedFor) {
  for (const auto& scales : std::vector<std::vector<float>>{{}, {0.5F}, {1, 2, 3}}) {
    Machine machine(with_scales());
    machine.join_all({"ann", "ben"});
    machine.frame("ann", reporting(scales));
    const wire::Refusal refusal = machine.only<wire::Refusal>("ann");
    EXPECT_EQ(refusal.code, static_cast<std::uint8_t>(RefusalCode::kMalformed));
    EXPECT_EQ(refusal.text,
              "a ballot of this run reports 2 scales, not " + std::to_string(scales.size()));
    EXPECT_EQ(refusal.of, (RefusedFrame{wire::kBallotBody, 0, 0}));
    EXPECT_FALSE(machine.asked<CountBallot>());
    EXPECT_EQ(machine.session.traffic().malformed, 1u);
    machine.frame("ben", reporting({1, 1}));
    EXPECT_EQ(machine.session.round(), 1u);
    EXPECT_EQ(machine.only<RoundFinished>().row.voters, 1u);
  }
}

TEST(SessionScales, AreMalformedWhereNoRuleAsksForThem) {
  Machine machine(config_for(2));
  machine.join("ann");
  machine.frame("ann", reporting({0.5F}));
  EXPECT_EQ(machine.refusals("ann"), std::vector{RefusalCode::kMalformed});
  EXPECT_FALSE(machine.asked<CountBallot>());
  machine.frame("ann", reporting({}));
  EXPECT_TRUE(machine.asked<CountBallot>());
}

}  // namespace
}  // namespace psephos::coordinator
