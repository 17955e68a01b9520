// What a well-formed FlatBuffer may still not say.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "schemas/psephos_generated.h"
#include "tests/runtime/wire/examples.h"

namespace psephos::wire::rules_test {
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
  return {.round = round, .delta = 1e-3f, .planes = planes};
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

TEST(JoinRules, APartIsOneOfItsParts) {
  const auto says = [](std::uint32_t part, std::uint32_t parts) {
    Join join = good_join();
    join.part = part;
    join.parts = parts;
    return refusal(ClientMessage{join});
  };
  EXPECT_EQ(says(0, 0), "");
  EXPECT_EQ(says(1, 1), "");
  EXPECT_EQ(says(7, 7), "");
  expect_says(says(8, 7), "no part 8 of 7");
  expect_says(says(0, 7), "no part 0 of 7");
  expect_says(says(1, 0), "no part 1 of 0");
}

TEST(JoinRules, AKeyToBeListedHas32Bytes) {
  Join join = good_join();
  for (const std::size_t size : {1u, 31u, 33u, 64u}) {
    join.enrol = Bytes(size, 1);
    expect_says(refusal(ClientMessage{join}), "32 belong");
  }
  join.enrol = Bytes(kEnrolBytes, 1);
  EXPECT_EQ(refusal(ClientMessage{join}), "");
}

TEST(JoinRules, NormalisationIsTheCoordinatorsToTell) {
  Join join = good_join();
  join.schema.feature_scales = join.schema.feature_offsets = {1};
  expect_says(refusal(ClientMessage{join}), "the coordinator's");
}

// What a Join and a Welcome say of a schema.
std::string schema_refusal(const DataSchema& schema) {
  Join join = good_join();
  join.schema = schema;
  const std::string of_join = refusal(ClientMessage{join});
  Welcome welcome = welcome_of(10);
  welcome.schema = schema;
  EXPECT_EQ(refusal(CoordinatorMessage{welcome}), of_join);
  return of_join;
}

TEST(SchemaRules, NamesArePrintableUtf8) {
  EXPECT_EQ(schema_refusal({.columns = {"age", "H\xC3\xB6he in m", std::string(256, 'c')}}), "");
  EXPECT_EQ(schema_refusal({.classes = {"no", "yes"}}), "");
  for (const std::string& bad :
       {std::string(), std::string(257, 'c'), std::string("a\nb"), std::string("\x1b[31m"),
        std::string("\xFF"), std::string("\xC2\x9B")}) {
    expect_says(schema_refusal({.columns = {"a", bad}}), "the name of column 1");
    expect_says(schema_refusal({.classes = {bad}}), "the name of class 0");
  }
}

TEST(SchemaRules, ListsOfNamesAreBounded) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(schema_refusal({.columns = Names(kMaxColumns, "c")}), "");
  expect_says(schema_refusal({.columns = Names(kMaxColumns + 1, "c")}), "4097 names");
  expect_says(schema_refusal({.classes = Names(kMaxClasses + 1, "c")}), "4097 names");
  EXPECT_EQ(schema_refusal({.columns = Names(128, std::string(256, 'c'))}), "");
  expect_says(schema_refusal({.columns = Names(129, std::string(256, 'c'))}), "32768 bytes");
  expect_says(schema_refusal({.classes = Names(129, std::string(256, 'c'))}), "32768 bytes");
}

// Four bytes an entry for 256 bytes a copy.
TEST(SchemaRules, ManyEntriesOfOneStringAreCountedEach) {
  flatbuffers::FlatBufferBuilder builder;
  const auto shared = builder.CreateString(std::string(kMaxColumnName, 'c'));
  const auto columns =
      builder.CreateVector(std::vector<flatbuffers::Offset<flatbuffers::String>>(4000, shared));
  const auto schema = fb::CreateDataSchema(builder, columns);
  const auto name = builder.CreateString("pi-7");
  const auto join = fb::CreateJoin(builder, 3, 3, 0, name, kNoRound, 0, 0, name, 0, 0, schema);
  fb::FinishMessageBuffer(builder, fb::CreateMessage(builder, fb::Body::Join, join.Union()));
  const Bytes frame(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  expect_says(read_client_frame(frame, kParameters).error().text, "32768 bytes");
}

TEST(SchemaRules, ColumnsTravelByNameOrByHash) {
  EXPECT_EQ(schema_refusal({.columns_hash = 5}), "");
  expect_says(schema_refusal({.columns = {"a"}, .columns_hash = 5}), "not by both");
  const std::vector<std::string> one = {"ab", "c"};
  const std::vector<std::string> other = {"a", "bc"};
  EXPECT_NE(hash_of_columns(one), hash_of_columns(other));
}

TEST(SchemaRules, ImagesHaveThreeSides) {
  const auto says = [](std::uint32_t rows, std::uint32_t columns, std::uint32_t channels) {
    return schema_refusal({.rows = rows, .image_columns = columns, .channels = channels});
  };
  EXPECT_EQ(says(28, 28, 1), "");
  EXPECT_EQ(says(65'536, 1024, 1), "");
  expect_says(says(28, 28, 0), "28 x 28 x 0");
  expect_says(says(0, 0, 3), "0 x 0 x 3");
  expect_says(says(65'537, 1, 1), "images");
  expect_says(says(65'536, 1025, 1), "images");
  expect_says(says(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF), "images");
}

TEST(SchemaRules, ANormalisationIsOfEveryFeature) {
  const auto says = [](std::vector<float> scales, std::vector<float> offsets) {
    Welcome welcome = welcome_of(10);
    welcome.schema.feature_scales = std::move(scales);
    welcome.schema.feature_offsets = std::move(offsets);
    return refusal(CoordinatorMessage{welcome});
  };
  EXPECT_EQ(says({1, -2}, {0, 3}), "");
  expect_says(says({1, 2}, {0}), "2 scales and 1 offsets");
  expect_says(says({}, {0}), "0 scales and 1 offsets");
  expect_says(says({1, 0}, {0, 0}), "feature 1 has the scale 0");
  expect_says(says({1, kInfinity}, {0, 0}), "scale inf");
  expect_says(says({1, 1}, {0, kNan}), "offset nan");
  expect_says(says(std::vector<float>(4097, 1), std::vector<float>(4097, 1)), "4097 features");
}

TEST(EnumRules, ReasonsOfALaterVersionAreReadAsTheFirst) {
  const auto request =
      read_client_frame(*build(ClientMessage{CatchUp{.reason = static_cast<CatchUpReason>(3)}}), 1);
  EXPECT_EQ(std::get<CatchUp>(*request).reason, CatchUpReason::kBehind);
  const auto leave =
      read_client_frame(*build(ClientMessage{Leave{.reason = static_cast<LeaveReason>(99)}}), 1);
  EXPECT_EQ(std::get<Leave>(*leave).reason, LeaveReason::kStopped);
  const auto finished = read_coordinator_frame(
      *build(CoordinatorMessage{Finished{.reason = static_cast<FinishReason>(3)}}), 1);
  EXPECT_EQ(std::get<Finished>(*finished).reason, FinishReason::kDone);
}

TEST(UnknownMessages, AreReadAsSuchInBothDirections) {
  for (const int number : {13, 14, 200, 255}) {
    const auto type = static_cast<std::uint8_t>(number);
    const Frame frame = build(ClientMessage{UnknownMessage{type}});
    const auto up = read_client_frame(*frame, kParameters);
    ASSERT_TRUE(up.ok()) << up.error().text;
    EXPECT_EQ(std::get<UnknownMessage>(*up).type, type);
    const auto down = read_coordinator_frame(*frame, kParameters);
    ASSERT_TRUE(down.ok()) << down.error().text;
    EXPECT_EQ(std::get<UnknownMessage>(*down).type, type);
  }
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

TEST(DecisionRules, StepsStandInPlaceOfDelta) {
  const std::vector<std::uint8_t> planes(100);
  Decision decision = good_decision(1, planes);
  decision.steps = {0, 0.5f, 0};
  EXPECT_EQ(refusal(CoordinatorMessage{decision}), "");
  decision.delta = 0;
  EXPECT_EQ(refusal(CoordinatorMessage{decision}), "");
  for (const float bad : {-1e-3f, kNan, kInfinity}) {
    decision.delta = bad;
    expect_says(refusal(CoordinatorMessage{decision}), "delta");
    decision.delta = 0;
    decision.steps[1] = bad;
    expect_says(refusal(CoordinatorMessage{decision}), "step 1");
    decision.steps[1] = 0.5f;
  }
  decision.steps.resize(257);
  expect_says(refusal(CoordinatorMessage{decision}), "257 steps");
}

TEST(DecisionRules, TheNextTermsAreChecked) {
  const std::vector<std::uint8_t> planes(100);
  Decision decision = good_decision(1, planes);
  decision.next.local_lr = 0;
  expect_says(refusal(CoordinatorMessage{decision}), "local rate 0");
  decision = good_decision(1, planes);
  decision.next.batch = kMaxBatch + 1;
  expect_says(refusal(CoordinatorMessage{decision}), "batch of 65537");
  decision = good_decision(1, planes);
  decision.next.scales = {0, kNan};
  expect_says(refusal(CoordinatorMessage{decision}), "scale 1");
}

// A decision's frame, and what may be written into it afterwards.
struct Writable {
  explicit Writable(const Decision& decision) : frame(*build(CoordinatorMessage{decision})) {}

  const fb::Decision* table() const { return fb::GetMessage(frame.data())->body_as_Decision(); }
  template <class T>
  void put(const void* where, std::size_t offset, T value) {
    const auto* begin = static_cast<const std::uint8_t*>(where);
    std::memcpy(frame.data() + (begin - frame.data()) + offset, &value, sizeof value);
  }
  std::string refusal() const {
    const auto read = read_coordinator_frame(frame, kParameters);
    return read ? "" : read.error().text;
  }

  Bytes frame;
};

constexpr std::size_t kListedAt = 43;  // in DecisionHead
constexpr std::size_t kSlotCountAt = 44;

Decision decision_with_slots(std::span<const std::uint8_t> planes) {
  Decision decision = good_decision(41, planes);
  decision.counted = {
      .counted = true, .given = 70, .slots = {3, 50, 69}, .earlier = {{5, 40}, {6, 39}}};
  return decision;
}

TEST(DecisionRules, ListsOfSlotsAreCheckedBeforeTheSeal) {
  const std::vector<std::uint8_t> planes(100);
  const Decision decision = decision_with_slots(planes);
  EXPECT_EQ(Writable(decision).refusal(), "");

  Writable kind(decision);
  kind.put(kind.table()->head(), kListedAt, std::uint8_t{2});
  expect_says(kind.refusal(), "unknown kind 2");

  Writable fewer(decision);
  fewer.put(fewer.table()->head(), kSlotCountAt, std::uint32_t{69});
  expect_says(fewer.refusal(), "slot 69 of 69");

  Writable too_many(decision);
  too_many.put(too_many.table()->head(), kSlotCountAt, kMaxSlots + 1);
  expect_says(too_many.refusal(), "1048577 slots were given");

  Writable string(decision);
  string.put(string.table()->slots()->data(), 0, std::uint32_t{71});
  expect_says(string.refusal(), "71 places set");
}

TEST(DecisionRules, BallotsOfEarlierRoundsAreEarlierAndAscending) {
  const std::vector<std::uint8_t> planes(100);
  const auto says = [&](std::vector<EarlierBallot> earlier) {
    Decision decision = good_decision(41, planes);
    decision.counted.given = 70;
    decision.counted.earlier = std::move(earlier);
    return refusal(CoordinatorMessage{decision});
  };
  EXPECT_EQ(says({{0, 40}, {69, 0}}), "");
  expect_says(says({{0, 41}}), "round 41 of slot 0");
  expect_says(says({{70, 40}}), "slot 70");
  expect_says(says({{5, 40}, {5, 39}}), "slot 5");
  expect_says(says({{5, 40}, {4, 40}}), "slot 4");
  std::vector<EarlierBallot> many(kMaxEarlier + 1);
  expect_says(says(many), "2049 ballots of earlier rounds");
}

// What a fingerprint does not prove is proved by the seal; planes are proved by the fingerprint.
TEST(DecisionRules, NoTurnedBitIsBelieved) {
  const std::vector<std::uint8_t> planes(64, 0x5A);
  Decision decision = decision_with_slots(planes);
  decision.next.scales = {0.5f, 2};
  decision.steps = {0.25f, 0.125f};
  const Frame good = build(CoordinatorMessage{decision});
  std::size_t believed = 0;
  for (std::size_t bit = 0; bit < 8 * good->size(); ++bit) {
    Bytes damaged = *good;
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ (1u << (bit % 8)));
    const auto read = read_coordinator_frame(damaged, kParameters);
    if (!read || !std::holds_alternative<Decision>(*read)) continue;
    Decision other = std::get<Decision>(*read);
    other.planes = decision.planes;
    EXPECT_EQ(*build(CoordinatorMessage{other}), *good) << "bit " << bit;
    ++believed;
  }
  EXPECT_GE(believed, 8 * planes.size()) << "damaged planes are the fingerprint's to find";
}

TEST(PastRules, NoTurnedBitIsBelieved) {
  const std::vector<std::uint8_t> planes(16, 0x5A);
  Past decisions{.session = 1,
                 .decisions = {},
                 .chunk = {},
                 .have_round = 7,
                 .counted_through = 6,
                 .round = 9};
  decisions.decisions = {good_decision(7, planes), good_decision(8, planes)};
  Past chunk{.session = 1,
             .decisions = {},
             .chunk = {},
             .have_round = 7,
             .counted_through = 6,
             .round = 9};
  chunk.chunk =
      CheckpointChunk{.round = 8, .fingerprint = 5, .chunk = 0, .chunks = 1, .bytes = planes};
  for (const Past& past : {decisions, chunk}) {
    const Frame good = build(CoordinatorMessage{past});
    for (std::size_t bit = 0; bit < 8 * good->size(); ++bit) {
      Bytes damaged = *good;
      damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ (1u << (bit % 8)));
      const auto read = read_coordinator_frame(damaged, kParameters);
      if (!read || !std::holds_alternative<Past>(*read)) continue;
      Past other = std::get<Past>(*read);
      for (Decision& one : other.decisions) one.planes = planes;
      EXPECT_EQ(*build(CoordinatorMessage{other}), *good) << "bit " << bit;
    }
  }
}

TEST(PastRules, DecisionsListNoSlots) {
  const std::vector<std::uint8_t> planes(10);
  Past past{.session = 1, .decisions = {good_decision(5, planes)}, .chunk = {}};
  Bytes frame = *build(CoordinatorMessage{past});
  const auto* head = reinterpret_cast<const std::uint8_t*>(
      fb::GetMessage(frame.data())->body_as_Past()->decisions()->Get(0)->head());
  frame[static_cast<std::size_t>(head - frame.data()) + kSlotCountAt] = 1;
  expect_says(read_coordinator_frame(frame, kParameters).error().text, "lists slots");
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
  EXPECT_EQ(max_checkpoint_bytes(101'770), 44 + 407'080 + 25'450 + 1024);  // two chunks
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
  welcome.hyper.rounds = 0;
  expect_says(refusal(CoordinatorMessage{welcome}), "rounds");
  welcome = welcome_of(10);
  welcome.hyper.model = std::string(kMaxModelBytes + 1, 'm');
  expect_says(refusal(CoordinatorMessage{welcome}), "model's name");
}

TEST(WelcomeRules, OtherFields) {
  Welcome welcome = welcome_of(10);
  welcome.terms.batch = 0;
  expect_says(refusal(CoordinatorMessage{welcome}), "batch of 0");
  welcome = welcome_of(10);
  welcome.slot = kMaxSlots;
  expect_says(refusal(CoordinatorMessage{welcome}), "slot 1048576");
  welcome = welcome_of(10);
  welcome.digests.resize(kMaxDigests + 1);
  expect_says(refusal(CoordinatorMessage{welcome}), "513 digests");
  welcome = welcome_of(10);
  welcome.version = std::string(kMaxVersionBytes + 1, '1');
  expect_says(refusal(CoordinatorMessage{welcome}), "version");
  welcome.version = "3\n";
  expect_says(refusal(CoordinatorMessage{welcome}), "version");
}

TEST(WelcomeRules, TheTermsAreTheFirstOfWhatClientsObey) {
  Welcome welcome = welcome_of(10);
  welcome.terms = {0.5f, 7, {}};
  const auto read = read_coordinator_frame(*build(CoordinatorMessage{welcome}), kParameters);
  ASSERT_TRUE(read.ok()) << read.error().text;
  EXPECT_EQ(std::get<Welcome>(*read).terms.local_lr, 0.5f);
  EXPECT_EQ(std::get<Welcome>(*read).terms.batch, 7u);
}

// A Welcome that asks for these rules.
struct Rules {
  std::string worker = "signum:0.9";
  std::string ballot = "sign";
  float noise = 0;
  std::uint32_t noise_purpose = 0;
  std::uint8_t audience = 0;
};

std::string rules_refusal(const Rules& rules) {
  flatbuffers::FlatBufferBuilder builder;
  const auto tensor = fb::CreateTensor(builder, builder.CreateString("w"), 0, 10, 0.5f);
  const auto tensors = builder.CreateVector(&tensor, 1);
  const auto model = builder.CreateString("softmax");
  const auto worker = builder.CreateString(rules.worker);
  const auto ballot = builder.CreateString(rules.ballot);
  const auto hyper = fb::CreateHyperparameters(builder, model, worker, ballot, 10, 1, 1, 0,
                                               static_cast<fb::Audience>(rules.audience), 1000, 1,
                                               0, rules.noise, rules.noise_purpose);
  const auto terms = fb::CreateTerms(builder, 0.5f, 32);
  const auto version = builder.CreateString("9.8.7");
  const auto welcome = fb::CreateWelcome(builder, 1, 1, 0, 0, false, false, tensors, hyper, 0, 0,
                                         false, terms, 0, 0, 0, 0, version);
  fb::FinishMessageBuffer(builder, fb::CreateMessage(builder, fb::Body::Welcome, welcome.Union()));
  const Bytes frame(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  const auto read = read_coordinator_frame(frame, kParameters);
  return read ? "" : read.error().text;
}

TEST(WelcomeRules, RulesAreWordsThatThisVersionKnows) {
  for (const char* worker : {"signsgd", "signum", "signum:0", "signum:0.9", "signum:0.99999"}) {
    EXPECT_EQ(rules_refusal({.worker = worker}), "");
  }
  EXPECT_EQ(rules_refusal({.ballot = "threshold:0.25"}), "");
  for (const std::string worker : {"", "lion:0.9,0.99", "signum:", "signum:1", "signum:-0.5",
                                   "signum:nan", "signum:0.9x", "signsgd:", "signsgd:1"}) {
    const std::string said = rules_refusal({.worker = worker});
    expect_says(said, "'" + worker + "'");
    expect_says(said, "install the coordinator's version, 9.8.7");
  }
  for (const std::string ballot : {"", "dither", "threshold:0", "threshold:-1", "sign:1"}) {
    expect_says(rules_refusal({.ballot = ballot}), "'" + ballot + "'");
  }
  expect_says(rules_refusal({.worker = std::string(kMaxRuleBytes + 1, 'w')}), "the worker's rule");
  expect_says(rules_refusal({.ballot = "sign\n"}), "the ballot's rule");
}

TEST(WelcomeRules, WhatCannotBeObeyedIsRefusedNotIgnored) {
  expect_says(rules_refusal({.audience = 2}), "audience 2");
  for (const float noise : {0.5f, -0.5f, kNan}) {
    expect_says(rules_refusal({.noise = noise}), "noise");
  }
  expect_says(rules_refusal({.noise_purpose = 9}), "noise");
  EXPECT_EQ(rules_refusal({}), "");
}

TEST(RefusedFrames, AreNamedByMessageRoundAndChunk) {
  const auto of = [](const ClientMessage& message) { return refused_frame(*build(message)); };
  Join join = good_join();
  join.have_round = 12;
  join.name = "no name\n";
  EXPECT_EQ(of(join), (RefusedFrame{1, 12, 0}));  // its name is bad: still a Join
  EXPECT_EQ(of(Ballot{.round = 41, .planes = {}, .loss = kNan}), (RefusedFrame{2, 41, 0}));
  EXPECT_EQ(of(CatchUp{.have_round = 7}), (RefusedFrame{3, 7, 0}));
  EXPECT_EQ(of(CatchUp{.checkpoint = 32, .chunk = 5}), (RefusedFrame{3, 32, 5}));
  EXPECT_EQ(of(Evaluation{.round = 8}), (RefusedFrame{4, 8, 0}));
  EXPECT_EQ(of(Heartbeat{.round = 9}), (RefusedFrame{5, 9, 0}));
  EXPECT_EQ(of(Leave{}), (RefusedFrame{6, kNoRound, 0}));
  EXPECT_EQ(of(UnknownMessage{99}), (RefusedFrame{99, kNoRound, 0}));
  EXPECT_EQ(refused_frame(*build(CoordinatorMessage{Call{.round = 3}})),
            (RefusedFrame{10, kNoRound, 0}));
  EXPECT_EQ(refused_frame({}), RefusedFrame{});
  EXPECT_EQ(refused_frame(Bytes(100, 1)), RefusedFrame{});
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
  EXPECT_EQ(refusal_word(static_cast<std::uint8_t>(RefusalCode::kPending)), "pending");
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
}  // namespace psephos::wire::rules_test
