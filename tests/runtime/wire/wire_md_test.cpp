// Every worked example of WIRE.md, and its table of limits, against the code.

#include "tests/runtime/wire/wire_md.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <bit>
#include <cstring>
#include <set>

#include "runtime/base/philox.h"
#include "runtime/base/units.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/replica/fingerprint.h"
#include "runtime/replica/initial_parameters.h"
#include "runtime/replica/replica.h"
#include "runtime/rules/decision/quorum.h"
#include "runtime/signs/decision_codec.h"
#include "runtime/signs/rice_string.h"
#include "runtime/signs/slot_codec.h"
#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"
#include "schemas/psephos_generated.h"
#include "tests/runtime/wire/fields.h"
#include "tests/runtime/wire/golden_frames.h"

namespace psephos::wire {
namespace {

using namespace testing;

WireExample example(const std::string& name) {
  const auto examples = wire_examples();
  EXPECT_TRUE(examples.contains(name)) << "WIRE.md has no example " << name;
  return examples.contains(name) ? examples.at(name) : WireExample{};
}

PackedSigns pack(const std::string& votes) {
  PackedSigns signs;
  signs.parameters = votes.size();
  signs.signs.resize(word_count(votes.size()));
  signs.voted.resize(word_count(votes.size()));
  for (std::size_t i = 0; i < votes.size(); ++i) {
    const BitPosition at = bit_position(i, votes.size());
    if (votes[i] == '-') signs.signs[at.word] |= 1u << at.bit;
    if (votes[i] != '0') signs.voted[at.word] |= 1u << at.bit;
  }
  return signs;
}

PackedSigns pack_canonical(const std::string& votes) {
  PackedSigns signs = pack(votes);
  make_canonical(signs);
  return signs;
}

template <class T>
std::string hex_of(const AlignedVector<T>& values) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
  return to_hex(std::span(bytes, values.size() * sizeof(T)));
}

float one_float(const Bytes& bytes) { return floats(bytes).at(0); }

TEST(WireMd, HasExactlyTheseExamples) {
  const std::set<std::string> checked = {"limits",
                                         "layout-short-block",
                                         "layout-full-block",
                                         "planes",
                                         "binary",
                                         "ternary",
                                         "ternary-nothing-voted",
                                         "ternary-three-words",
                                         "ternary-voted-gaps",
                                         "ternary-abstained-gaps",
                                         "ternary-trits",
                                         "change",
                                         "rice-parameter",
                                         "ternary-large-nothing-voted",
                                         "slots",
                                         "slot-list-bytes",
                                         "columns-hash",
                                         "decision-seal",
                                         "past-seal",
                                         "checkpoint",
                                         "philox",
                                         "philox-another-address",
                                         "initial-parameters",
                                         "apply",
                                         "apply-steps",
                                         "next-scales",
                                         "momentum",
                                         "tally-bytes",
                                         "three-rounds",
                                         "fingerprint",
                                         "fingerprint-of-two-blocks",
                                         "quorum-margin",
                                         "ballot-frame",
                                         "frame-join",
                                         "frame-ballot",
                                         "frame-catch-up",
                                         "frame-evaluation",
                                         "frame-heartbeat",
                                         "frame-leave",
                                         "frame-welcome",
                                         "frame-decision-full",
                                         "frame-past-decisions",
                                         "frame-past-chunk",
                                         "frame-call",
                                         "frame-finished",
                                         "frame-refusal"};
  std::set<std::string> written;
  for (const auto& [name, unused] : wire_examples()) written.insert(name);
  EXPECT_EQ(written, checked);
}

TEST(WireMd, TableOfLimits) {
  const std::map<std::string, std::uint64_t> limits = {
      {"kMaxParameters", kMaxParameters},
      {"kDefaultMaxParameters", kDefaultMaxParameters},
      {"kMaxTensors", kMaxTensors},
      {"kMaxTensorName", kMaxTensorName},
      {"kMaxNameBytes", kMaxNameBytes},
      {"kMaxArithmeticBytes", kMaxArithmeticBytes},
      {"kMaxModelBytes", kMaxModelBytes},
      {"kMaxRuleBytes", kMaxRuleBytes},
      {"kMaxBatch", kMaxBatch},
      {"kMaxVersionBytes", kMaxVersionBytes},
      {"kEnrolBytes", kEnrolBytes},
      {"kMaxColumns", kMaxColumns},
      {"kMaxColumnName", kMaxColumnName},
      {"kMaxColumnBytes", kMaxColumnBytes},
      {"kMaxClasses", kMaxClasses},
      {"kMaxClassName", kMaxClassName},
      {"kMaxClassBytes", kMaxClassBytes},
      {"kMaxFeatureScales", kMaxFeatureScales},
      {"kMaxImageSide", kMaxImageSide},
      {"kMaxDigests", kMaxDigests},
      {"kMaxSlots", kMaxSlots},
      {"kMaxEarlier", kMaxEarlier},
      {"kMaxJoinBytes", kMaxJoinBytes},
      {"kMaxRefusalText", kMaxRefusalText},
      {"kMaxWaitMs", kMaxWaitMs},
      {"kMaxWelcomeBytes", kMaxWelcomeBytes},
      {"kCatchUpFrameBytes", kCatchUpFrameBytes},
      {"kChunkBytes", kChunkBytes},
      {"kMaxPastDecisions", kMaxPastDecisions},
      {"kFrameSlack", kFrameSlack},
      {"kDecisionSlack", kDecisionSlack},
      {"kMaxBallotOverhead", kMaxBallotOverhead},
      {"kMaxDecisionOverhead", kMaxDecisionOverhead},
  };
  std::map<std::string, std::uint64_t> written;
  for (const std::string& line : wire_md_lines()) {
    if (!line.starts_with("| k")) continue;
    const std::size_t name_end = line.find(' ', 2);
    written[line.substr(2, name_end - 2)] = std::stoull(line.substr(name_end + 3));
  }
  EXPECT_EQ(written, limits);
}

TEST(WireMd, Limits) {
  const WireExample limits = example("limits");
  const std::size_t d = limits.number("parameters");
  EXPECT_EQ(max_planes_bytes(d), limits.number("max_planes_bytes"));
  EXPECT_EQ(max_checkpoint_bytes(d), limits.number("max_checkpoint_bytes"));
  EXPECT_EQ(chunk_count(max_checkpoint_bytes(d)), limits.number("chunks"));
  EXPECT_EQ(coordinator_max_frame(d), limits.number("coordinator_max_frame"));
  EXPECT_EQ(client_max_frame(limits.number("max_parameters")), limits.number("client_max_frame"));
}

TEST(WireMd, RefusalWords) {
  std::size_t rows = 0;
  for (const std::string& line : wire_md_lines()) {
    for (std::uint8_t code = 1; code <= 10; ++code) {
      const std::string row = "| " + std::to_string(code) + " | " + refusal_word(code) + " | ";
      if (line.starts_with(row)) ++rows;
    }
  }
  EXPECT_EQ(rows, 10u);
}

TEST(WireMd, Layout) {
  for (const char* name : {"layout-short-block", "layout-full-block"}) {
    const WireExample layout = example(name);
    for (const std::string& position : layout.list("positions")) {
      const auto numbers = numbers_between(position, "=.");
      ASSERT_EQ(numbers.size(), 3u) << position;
      const BitPosition at = bit_position(numbers[0], layout.number("parameters"));
      EXPECT_EQ(at.word, numbers[1]) << position;
      EXPECT_EQ(at.bit, numbers[2]) << position;
    }
  }
}

TEST(WireMd, Planes) {
  const WireExample planes = example("planes");
  const PackedSigns signs = pack(planes.text("signs"));
  EXPECT_EQ(hex_of(signs.signs), planes.text("sign_plane"));
  EXPECT_EQ(hex_of(signs.voted), planes.text("voted_plane"));
}

TEST(WireMd, Encodings) {
  for (const char* name : {"binary", "ternary", "ternary-nothing-voted", "ternary-three-words",
                           "ternary-voted-gaps", "ternary-abstained-gaps", "ternary-trits"}) {
    const WireExample coded = example(name);
    const PackedSigns signs = pack_canonical(coded.text("signs"));
    const EncodedSigns encoded = encode(signs);
    EXPECT_EQ(encoded.encoding == Encoding::kBinary ? "binary" : "ternary", coded.text("encoding"));
    EXPECT_EQ(to_hex(encoded.planes), to_hex(coded.bytes("planes"))) << name;
    const auto decoded = decode(encoded.encoding, coded.bytes("planes"), signs.parameters);
    ASSERT_TRUE(decoded.ok()) << decoded.error().text;
    EXPECT_EQ(*decoded, signs);
  }
}

TEST(WireMd, Change) {
  const WireExample change = example("change");
  const PackedSigns before = pack_canonical(change.text("before"));
  const PackedSigns signs = pack_canonical(change.text("signs"));
  const EncodedSigns encoded = encode_decision(signs, &before);
  EXPECT_EQ(encoded.encoding, Encoding::kChange);
  EXPECT_EQ(to_hex(encoded.planes), to_hex(change.bytes("planes")));
  const auto decoded =
      decode_decision(Encoding::kChange, change.bytes("planes"), signs.parameters, &before);
  ASSERT_TRUE(decoded.ok()) << decoded.error().text;
  EXPECT_EQ(*decoded, signs);
}

TEST(WireMd, RiceParameters) {
  for (const std::string& one : example("rice-parameter").list("cases")) {
    const auto numbers = numbers_between(one, "/=");
    ASSERT_EQ(numbers.size(), 3u) << one;
    EXPECT_EQ(rice_parameter(numbers[1], numbers[0]), numbers[2]) << one;
  }
}

TEST(WireMd, NothingVotedOfALargeModel) {
  const WireExample nothing = example("ternary-large-nothing-voted");
  const PackedSigns signs = pack(std::string(nothing.number("parameters"), '0'));
  const EncodedSigns encoded = encode(signs);
  EXPECT_EQ(encoded.encoding, Encoding::kTernary);
  EXPECT_EQ(to_hex(encoded.planes), to_hex(nothing.bytes("planes")));
}

TEST(WireMd, Slots) {
  const WireExample slots = example("slots");
  const Bytes bytes = encode_slots(slots.words("slots"), slots.word("given"));
  EXPECT_EQ(to_hex(bytes), to_hex(slots.bytes("bytes")));
  EXPECT_EQ(*decode_slots(slots.bytes("bytes"), slots.word("given")), slots.words("slots"));
}

TEST(WireMd, BytesOfSlotLists) {
  const WireExample lists = example("slot-list-bytes");
  const std::uint32_t given = lists.word("given");
  for (const std::string& one : lists.list("cases")) {
    const auto numbers = numbers_between(one, "=");
    ASSERT_EQ(numbers.size(), 2u) << one;
    std::vector<std::uint32_t> missing;
    for (std::uint32_t i = 0; i < numbers[0]; ++i) missing.push_back(given / numbers[0] * i);
    EXPECT_EQ(encode_slots(missing, given).size(), numbers[1]) << one;
  }
}

TEST(WireMd, HashOfColumns) {
  const WireExample columns = example("columns-hash");
  EXPECT_EQ(format_hex(hash_of_columns(columns.list("columns"))), columns.text("hash"));
}

TEST(WireMd, Seals) {
  const std::pair<const char*, const char*> seals[] = {{"decision-seal", "frame-decision-full"},
                                                       {"past-seal", "frame-past-chunk"}};
  for (const auto& [name, frame_name] : seals) {
    const WireExample written = example(name);
    const Bytes sealed = written.bytes("sealed");
    EXPECT_EQ(format_hex(XXH3_64bits(sealed.data(), sealed.size())), written.text("seal"));
    const Bytes frame = example(frame_name).bytes("frame");
    const fb::Message* message = fb::GetMessage(frame.data());
    const fb::Decision* decision = message->body_as_Decision();
    const std::uint64_t seal =
        decision ? decision->head()->seal() : message->body_as_Past()->seal();
    EXPECT_EQ(format_hex(seal), written.text("seal")) << frame_name;
  }
}

TEST(WireMd, Checkpoint) {
  const WireExample checkpoint = example("checkpoint");
  const AlignedVector<float> x = floats(checkpoint.bytes("x"));
  const EncodedSigns last = encode(pack_canonical(checkpoint.text("signs")));
  const RoundTerms terms{checkpoint.real("local_lr"), checkpoint.word("batch"),
                         checkpoint.reals("scales")};
  const Bytes bytes = encode_checkpoint(checkpoint.word("round"), x, fingerprint(x), &last, terms);
  EXPECT_EQ(to_hex(bytes), to_hex(checkpoint.bytes("bytes")));
  EXPECT_LE(bytes.size(), max_checkpoint_bytes(x.size()));
}

TEST(WireMd, Philox) {
  for (const char* name : {"philox", "philox-another-address"}) {
    const WireExample draw = example(name);
    const auto words = philox({draw.word("seed"), draw.word("stream")}, draw.word("round"),
                              static_cast<Purpose>(draw.word("purpose")), draw.number("index"));
    const auto written = draw.list("words");
    ASSERT_EQ(written.size(), words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
      EXPECT_EQ(words[i], std::stoul(written[i], nullptr, 16)) << name << " " << i;
    }
  }
}

TEST(WireMd, InitialParameters) {
  const WireExample initial = example("initial-parameters");
  TensorTable table;
  std::uint32_t offset = 0;
  for (const std::string& tensor : initial.list("tensors")) {
    const auto count = static_cast<std::uint32_t>(std::stoul(tensor));
    const float scale = std::stof(tensor.substr(tensor.find('*') + 1));
    table.push_back({"t" + std::to_string(table.size()), offset, count, scale});
    offset += count;
  }
  AlignedVector<float> x(offset);
  fill_initial_parameters(table, initial.word("seed"), x);
  EXPECT_EQ(hex_of(x), to_hex(initial.bytes("x")));
}

TEST(WireMd, Apply) {
  const WireExample step = example("apply");
  const AlignedVector<float> before = floats(step.bytes("x"));
  Replica replica(before.size());
  std::ranges::copy(before, replica.mutable_parameters().begin());
  replica.apply(pack_canonical(step.text("signs")), one_float(step.bytes("delta")),
                one_float(step.bytes("keep")));
  const auto x = replica.parameters();
  EXPECT_EQ(hex_of(AlignedVector<float>(x.begin(), x.end())), to_hex(step.bytes("after")));
}

TEST(WireMd, Fingerprints) {
  const WireExample small = example("fingerprint");
  const AlignedVector<float> x = floats(small.bytes("x"));
  EXPECT_EQ(format_hex(fingerprint(x)), small.text("fingerprint"));
  EXPECT_EQ(format_hex(block_hashes(x).at(0)), small.text("blocks"));

  const WireExample large = example("fingerprint-of-two-blocks");
  AlignedVector<float> counted(large.number("parameters"));
  for (std::size_t i = 0; i < counted.size(); ++i) counted[i] = static_cast<float>(i);
  EXPECT_EQ(format_hex(fingerprint(counted)), large.text("fingerprint"));
  const auto hashes = block_hashes(counted);
  const auto written = large.list("blocks");
  ASSERT_EQ(hashes.size(), written.size());
  for (std::size_t i = 0; i < hashes.size(); ++i) EXPECT_EQ(format_hex(hashes[i]), written[i]);
}

TEST(WireMd, QuorumMargin) {
  for (const std::string& one : example("quorum-margin").list("cases")) {
    const auto numbers = numbers_between(one, "/=");
    ASSERT_EQ(numbers.size(), 3u) << one;
    EXPECT_EQ(quorum_margin(numbers[0], numbers[1]), numbers[2]) << one;
  }
}

// Every value of a frame stands beside it, and the same frame is pinned by frames.hex.
TEST(WireMd, FramesOfEveryMessage) {
  std::set<unsigned> messages;
  for (const auto& [name, written] : wire_examples()) {
    if (!name.starts_with("frame-")) continue;
    const Bytes frame = written.bytes("frame");
    messages.insert(static_cast<unsigned>(fb::GetMessage(frame.data())->body_type()));
    const auto up = read_client_frame(frame, 70);
    const auto down = read_coordinator_frame(frame, 70);
    ASSERT_TRUE(up || down) << name << ": " << down.error().text;
    auto lines = up ? fields_of(*up) : fields_of(*down);
    lines["frame"] = written.text("frame");
    EXPECT_EQ(lines, written.all()) << name;
    EXPECT_EQ(to_hex(frame), golden_frames()[name.substr(std::string("frame-").size())]) << name;
  }
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(fb::Body::MAX));
}

TEST(WireMd, BallotFrame) {
  const WireExample written = example("ballot-frame");
  const EncodedSigns votes = encode(pack_canonical(written.text("signs")));
  const Ballot ballot{.session = written.hex_number("session"),
                      .run = written.hex_number("run"),
                      .round = written.word("round"),
                      .encoding = votes.encoding,
                      .planes = votes.planes,
                      .loss = std::stof(written.text("loss")),
                      .samples = written.word("samples"),
                      .scales = {}};
  EXPECT_EQ(to_hex(*build(ClientMessage{ballot})), to_hex(written.bytes("frame")));
  const Bytes frame = written.bytes("frame");
  EXPECT_TRUE(read_client_frame(frame, written.text("signs").size()).ok());
}

}  // namespace
}  // namespace psephos::wire
