// What a well-formed FlatBuffer may still not say.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/runtime/wire/examples.h"

namespace psephos::wire {
namespace {

using namespace testing;

constexpr std::size_t kParameters = 7850;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNan = std::nanf("");

// The sentence with which a frame is refused; empty if it is accepted.
std::string refusal(const ClientMessage& message) {
  const auto read = read_client_frame(*build(message), kParameters);
  return read ? "" : read.error().text;
}

std::string refusal(const CoordinatorMessage& message, std::size_t max_parameters = kParameters) {
  const auto read = read_coordinator_frame(*build(message), max_parameters);
  return read ? "" : read.error().text;
}

void expect_says(const std::string& sentence, const std::string& part) {
  EXPECT_NE(sentence.find(part), std::string::npos) << "\"" << sentence << "\" lacks " << part;
}

Join good_join() { return {.name = "pi-7", .arithmetic = "x86_64/portable"}; }

Decision good_decision(std::uint32_t round, std::span<const std::uint8_t> planes) {
  return {.round = round, .delta = 1e-3f, .planes = planes, .scales = {}};
}

Welcome welcome_of(std::uint32_t parameters) {
  return {.tensors = {{"w", 0, parameters, 0.5f}}, .hyper = {}};
}

TEST(JoinRules, NamesArePrintableAsciiOfOneTo64Bytes) {
  Join join = good_join();
  EXPECT_EQ(refusal(ClientMessage{join}), "");
  for (const std::string& bad :
       {std::string(), std::string(65, 'n'), std::string("a b"), std::string("a\nb"),
        std::string("\x1b[31m"), std::string("j\xC3\xB6rg"), std::string("a\0b", 3)}) {
    join.name = bad;
    expect_says(refusal(ClientMessage{join}), "name");
    EXPECT_FALSE(check_name(bad).ok());
  }
  EXPECT_TRUE(check_name(std::string(64, 'n')).ok());
}

TEST(JoinRules, OtherFields) {
  Join join = good_join();
  join.arithmetic = std::string(kMaxArithmeticBytes + 1, 'a');
  expect_says(refusal(ClientMessage{join}), "arithmetic");
  join = good_join();
  join.protocol_min = 3;
  join.protocol_max = 2;
  expect_says(refusal(ClientMessage{join}), "3 to 2");
  // Another version's Join is readable: it is answered with Refusal{protocol}, not with silence.
  join.protocol_min = 900;
  join.protocol_max = 901;
  EXPECT_EQ(refusal(ClientMessage{join}), "");
}

TEST(BallotRules, EncodingAndPlanesGoTogether) {
  const std::vector<std::uint8_t> planes(max_planes_bytes(kParameters) + 1);
  Ballot ballot{.encoding = Encoding::kTernary,
                .planes = std::span(planes).first(planes.size() - 1),
                .scales = {}};
  EXPECT_EQ(refusal(ClientMessage{ballot}), "");
  ballot.planes = planes;
  expect_says(refusal(ClientMessage{ballot}), "7850 parameters need");
  ballot.planes = std::span(planes).first(8);
  ballot.encoding = Encoding::kNone;
  expect_says(refusal(ClientMessage{ballot}), "no planes");
  ballot.encoding = Encoding::kChange;
  expect_says(refusal(ClientMessage{ballot}), "change");
  ballot.encoding = static_cast<Encoding>(4);
  expect_says(refusal(ClientMessage{ballot}), "encoding 4");
  EXPECT_EQ(refusal(ClientMessage{Ballot{}}), "");
}

TEST(BallotRules, NumbersAreFiniteAndListsBounded) {
  for (const float bad : {kNan, kInfinity, -kInfinity}) {
    expect_says(refusal(ClientMessage{Ballot{.planes = {}, .loss = bad, .scales = {}}}), "loss");
    expect_says(refusal(ClientMessage{Ballot{.planes = {}, .scales = {1, bad}}}), "scale 1");
  }
  expect_says(refusal(ClientMessage{Ballot{.planes = {}, .scales = {-1}}}), "scale 0");
  expect_says(refusal(ClientMessage{Ballot{.planes = {}, .scales = std::vector<float>(257)}}),
              "257 scales");
}

TEST(EvaluationRules, LossIsFiniteAndAccuracyAShare) {
  EXPECT_EQ(refusal(ClientMessage{Evaluation{.loss = 2.5, .accuracy = 1}}), "");
  expect_says(refusal(ClientMessage{Evaluation{.loss = kNan}}), "loss");
  for (const double bad : {-0.01, 1.01, double{kNan}}) {
    expect_says(refusal(ClientMessage{Evaluation{.accuracy = bad}}), "accuracy");
  }
}

TEST(EnumRules, UnknownReasonsAreRefused) {
  expect_says(refusal(ClientMessage{CatchUp{.reason = static_cast<CatchUpReason>(3)}}), "reason 3");
  expect_says(refusal(ClientMessage{Leave{.reason = static_cast<LeaveReason>(99)}}), "reason 99");
}

TEST(DirectionRules, EachSideReadsOnlyTheOthersMessages) {
  const Frame down = build(CoordinatorMessage{Call{}});
  expect_says(read_client_frame(*down, kParameters).error().text, "a Call is for clients");
  const Frame up = build(ClientMessage{good_join()});
  expect_says(read_coordinator_frame(*up, kParameters).error().text, "for the coordinator");
}

TEST(DecisionRules, StepAndPlanesMakeSense) {
  const std::vector<std::uint8_t> planes(100);
  for (const float bad : {0.0f, -1e-3f, kNan, kInfinity}) {
    Decision decision = good_decision(1, planes);
    decision.delta = bad;
    expect_says(refusal(CoordinatorMessage{decision}), "delta");
  }
  for (const float bad : {0.0f, -0.5f, 1.0000001f, kNan}) {
    Decision decision = good_decision(1, planes);
    decision.keep = bad;
    expect_says(refusal(CoordinatorMessage{decision}), "keep");
  }
  Decision decision = good_decision(kNoRound, planes);
  expect_says(refusal(CoordinatorMessage{decision}), "no round");
  decision = good_decision(1, {});
  decision.encoding = Encoding::kNone;
  expect_says(refusal(CoordinatorMessage{decision}), "decides nothing");
  decision.encoding = static_cast<Encoding>(200);
  expect_says(refusal(CoordinatorMessage{decision}), "encoding 200");
  EXPECT_EQ(refusal(CoordinatorMessage{good_decision(1, planes)}), "");
}

TEST(PastRules, DecisionsAreConsecutive) {
  const std::vector<std::uint8_t> planes(10);
  Past past{.session = 1, .decisions = {}, .chunk = {}};
  for (std::uint32_t round = 5; round < 9; ++round) {
    past.decisions.push_back(good_decision(round, planes));
  }
  EXPECT_EQ(refusal(CoordinatorMessage{past}), "");
  past.decisions[2].round = 9;
  expect_says(refusal(CoordinatorMessage{past}), "9 follows 6");
  past.decisions[2].round = 6;
  expect_says(refusal(CoordinatorMessage{past}), "6 follows 6");
}

TEST(PastRules, ChunksFitTheModel) {
  const std::vector<std::uint8_t> bytes(kChunkBytes + 1);
  const auto chunk_says = [&](std::uint32_t chunk, std::uint32_t chunks, std::size_t size) {
    Past past{.session = 1, .decisions = {}, .chunk = {}};
    past.chunk =
        CheckpointChunk{.chunk = chunk, .chunks = chunks, .bytes = std::span(bytes).first(size)};
    return refusal(CoordinatorMessage{past}, 101'770);
  };
  EXPECT_EQ(max_checkpoint_bytes(101'770), 32 + 407'080 + 25'450);  // two chunks
  EXPECT_EQ(chunk_says(0, 2, kChunkBytes), "");
  EXPECT_EQ(chunk_says(1, 2, 1), "");
  expect_says(chunk_says(0, 2, kChunkBytes - 1), "belong");
  expect_says(chunk_says(1, 2, 0), "0 bytes");
  expect_says(chunk_says(1, 2, kChunkBytes + 1), "the most");
  expect_says(chunk_says(2, 2, 1), "no chunk 2 of 2");
  expect_says(chunk_says(0, 0, 1), "no chunk 0 of 0");
  expect_says(chunk_says(0, 3, kChunkBytes), "3 chunks");
}

TEST(WelcomeRules, AModelTooLargeSaysSo) {
  EXPECT_EQ(refusal(CoordinatorMessage{welcome_of(7850)}, 7850), "");
  expect_says(refusal(CoordinatorMessage{welcome_of(7851)}, 7850),
              "too large: this model has 7851 parameters, --max-parameters is 7850");
  Welcome welcome = welcome_of(10);
  welcome.largest_frame = static_cast<std::uint32_t>(client_max_frame(7850)) + 1;
  expect_says(refusal(CoordinatorMessage{welcome}, 7850), "too large");
}

TEST(WelcomeRules, TensorsAndHyperparametersAreChecked) {
  Welcome welcome = welcome_of(10);
  welcome.tensors.clear();
  EXPECT_NE(refusal(CoordinatorMessage{welcome}), "");
  welcome = welcome_of(10);
  welcome.tensors.push_back({"gap", 11, 5, 0});
  EXPECT_NE(refusal(CoordinatorMessage{welcome}), "");
  welcome = welcome_of(10);
  welcome.tensors[0].name = std::string(kMaxTensorName + 1, 't');
  expect_says(refusal(CoordinatorMessage{welcome}), "tensor 0");
  welcome = welcome_of(10);
  welcome.tensors[0].init_scale = kNan;
  EXPECT_NE(refusal(CoordinatorMessage{welcome}), "");
  welcome = welcome_of(10);
  for (std::uint32_t i = 0; i < kMaxTensors; ++i) welcome.tensors.push_back({"t", 10 + i, 1, 0});
  expect_says(refusal(CoordinatorMessage{welcome}), "257 tensors");

  welcome = welcome_of(10);
  welcome.hyper.beta = kNan;
  EXPECT_NE(refusal(CoordinatorMessage{welcome}), "");
  welcome = welcome_of(10);
  welcome.hyper.algorithm = static_cast<Algorithm>(17);
  expect_says(refusal(CoordinatorMessage{welcome}), "rule");
  welcome = welcome_of(10);
  welcome.hyper.model = std::string(kMaxModelBytes + 1, 'm');
  expect_says(refusal(CoordinatorMessage{welcome}), "model's name");
}

TEST(RefusalRules, UnknownCodesAndAnyLimitAreFine) {
  const Frame frame =
      build(CoordinatorMessage{Refusal{.code = 42, .text = "update", .wait_ms = 5}});
  const auto read = read_coordinator_frame(*frame, 0);
  ASSERT_TRUE(read.ok()) << read.error().text;
  const auto& refused = std::get<Refusal>(*read);
  EXPECT_EQ(refused.code, 42);
  EXPECT_EQ(refused.text, "update");
  EXPECT_EQ(refusal_word(refused.code), "code 42");
  EXPECT_EQ(refusal_word(0), "code 0");
  EXPECT_EQ(refusal_word(static_cast<std::uint8_t>(RefusalCode::kRejoin)), "rejoin");
  EXPECT_EQ(refusal_word(static_cast<std::uint8_t>(RefusalCode::kBusy)), "busy");
}

TEST(RefusalRules, TextIsCutAndCannotDriveATerminal) {
  const std::string text =
      "wrong \x1b[2J\n\x7f name \xC3\xB6 \xC2\x9B \xFF" + std::string(600, 'x');
  const auto read = read_coordinator_frame(
      *build(CoordinatorMessage{Refusal{.code = 1, .text = text, .wait_ms = 0xFFFFFFFF}}), 10);
  ASSERT_TRUE(read.ok()) << read.error().text;
  const auto& refused = std::get<Refusal>(*read);
  EXPECT_EQ(refused.text.substr(0, 26), "wrong  [2J   name \xC3\xB6   ?xx");
  EXPECT_EQ(refused.text.size(), kMaxRefusalText);
  EXPECT_EQ(refused.wait_ms, kMaxWaitMs);
}

}  // namespace
}  // namespace psephos::wire
