// tests/vectors/frames.hex pins the bytes of one frame of each message. Changing a line there is a
// new protocol version: other programs read these bytes.

#include <gtest/gtest.h>

#include <map>

#include "tests/runtime/wire/golden_frames.h"
#include "tests/runtime/wire/hex.h"
#include "tests/runtime/wire/same.h"

namespace psephos::wire {
namespace {

using namespace testing;

constexpr std::size_t kParameters = 70;
constexpr std::uint64_t kRun = 0x1122334455667788;
constexpr std::uint64_t kSession = 0xA1B2C3D4E5F60718;
constexpr std::uint64_t kFingerprint = 0x0123456789ABCDEF;

// Three words, as d = 70 has.
const std::vector<std::uint8_t> kPlanes = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
                                           0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C};

RoundTerms terms() { return {0.03125f, 32, {0.5f, 2.0f}}; }

Decision decision_of(std::uint32_t round) {
  return {.session = kSession,
          .run = kRun,
          .round = round,
          .delta = 0.0009765625f,
          .keep = 0.999755859375f,
          .encoding = Encoding::kBinary,
          .planes = kPlanes,
          .voters = 9,
          .fingerprint = kFingerprint,
          .steps = {},
          .next = terms(),
          .counted = {},
          .vote = true,
          .evaluate = false};
}

// With everything that a decision can carry.
Decision full_decision() {
  Decision decision = decision_of(41);
  decision.delta = 0;
  decision.steps = {0.0009765625f, 0};
  decision.counted = {
      .counted = false, .given = 10, .slots = {2, 7}, .earlier = {{3, 40}, {4, 39}}};
  return decision;
}

DataSchema schema() { return {.columns = {"age", "weight"}, .classes = {"no", "yes"}}; }

Hyperparameters hyperparameters() {
  return {.model = "softmax",
          .rounds = 600,
          .seed = 7,
          .worker = *parse_worker_rule("signum:0.75"),
          .ballot = *parse_ballot_rule("stochastic-ternary:8"),
          .local_steps = 2,
          .staleness = 2,
          .audience = Audience::kDrawn,
          .heartbeat_ms = 2000,
          .normalisation = {0.00390625f, -0.5f}};
}

const std::map<std::string, ClientMessage>& client_messages() {
  static const std::map<std::string, ClientMessage> messages = {
      {"join", Join{.protocol_min = 3,
                    .protocol_max = 3,
                    .run = kRun,
                    .name = "pi-7",
                    .have_round = 12,
                    .epoch = 2,
                    .fingerprint = kFingerprint,
                    .arithmetic = "aarch64/eigen-3.4/portable",
                    .samples = 6000,
                    .data_manifest = 99,
                    .schema = schema(),
                    .part = 7,
                    .parts = 100,
                    .enrol = Bytes(32, 0xE7)}},
      {"join-plain", Join{.name = "pi-8", .arithmetic = "portable", .samples = 600}},
      {"ballot", Ballot{.session = kSession,
                        .run = kRun,
                        .round = 41,
                        .encoding = Encoding::kBinary,
                        .planes = kPlanes,
                        .loss = 0.625f,
                        .samples = 32,
                        .scales = {}}},
      {"ballot-none",
       Ballot{.session = kSession, .run = kRun, .round = 41, .planes = {}, .scales = {}}},
      {"catch-up", CatchUp{.session = kSession,
                           .have_round = 3,
                           .checkpoint = 32,
                           .chunk = 5,
                           .reason = CatchUpReason::kDiverged}},
      {"evaluation",
       Evaluation{
           .session = kSession, .round = 100, .loss = 0.5, .accuracy = 0.875, .samples = 10'000}},
      {"heartbeat", Heartbeat{.session = kSession, .round = 41}},
      {"leave", Leave{.session = kSession, .reason = LeaveReason::kFinished}},
  };
  return messages;
}

DataSchema normalised_schema() {
  DataSchema normalised = schema();
  normalised.feature_scales = {0.5f, 2};
  normalised.feature_offsets = {-1, 0};
  return normalised;
}

const std::map<std::string, CoordinatorMessage>& coordinator_messages() {
  static const std::map<std::string, CoordinatorMessage> messages = {
      {"welcome", Welcome{.run = kRun,
                          .session = kSession,
                          .epoch = 1,
                          .round = 42,
                          .vote = true,
                          .evaluate = true,
                          .tensors = {{"layer0.weight", 0, 60, 0.125f}, {"layer0.bias", 60, 10, 0}},
                          .hyper = hyperparameters(),
                          .fingerprint = kFingerprint,
                          .largest_frame = 65'536,
                          .terms = terms(),
                          .slot = 9,
                          .schema = normalised_schema(),
                          .digest_key = 0x5EED,
                          .digests = {1, 0xFFFFFFFFFFFFFFFF},
                          .version = "0.3.0"}},
      {"welcome-x0-given", Welcome{.run = kRun,
                                   .session = kSession,
                                   .epoch = 0,
                                   .round = 0,
                                   .vote = false,
                                   .evaluate = false,
                                   .tensors = {{"w", 0, 5, 0}},
                                   .hyper = hyperparameters(),
                                   .fingerprint = kFingerprint,
                                   .largest_frame = 65'536,
                                   .x0_given = true,
                                   .terms = {0.03125f, 32, {0}}}},
      {"decision", decision_of(41)},
      {"decision-full", full_decision()},
      {"past-decisions", Past{.session = kSession,
                              .decisions = {decision_of(40), decision_of(41)},
                              .chunk = {},
                              .have_round = 40,
                              .counted_through = 40,
                              .round = 42,
                              .vote = true,
                              .evaluate = true}},
      {"past-chunk", Past{.session = kSession,
                          .decisions = {},
                          .chunk = CheckpointChunk{.round = 32,
                                                   .fingerprint = kFingerprint,
                                                   .chunk = 0,
                                                   .chunks = 1,
                                                   .bytes = kPlanes}}},
      {"call", Call{.session = kSession, .round = 43}},
      {"finished", Finished{.session = kSession,
                            .rounds = 600,
                            .fingerprint = kFingerprint,
                            .reason = FinishReason::kInterrupted}},
      {"refusal", Refusal{.code = static_cast<std::uint8_t>(RefusalCode::kBusy),
                          .text = "10000 clients are here: wait",
                          .wait_ms = 4000,
                          .of = {3, 32, 5}}},
  };
  return messages;
}

TEST(Golden, FramesAreTheseBytes) {
  const auto golden = golden_frames();
  for (const auto& [name, message] : client_messages()) {
    const std::string hex = to_hex(*build(message));
    EXPECT_TRUE(golden.contains(name) && golden.at(name) == hex) << name << ": " << hex;
  }
  for (const auto& [name, message] : coordinator_messages()) {
    const std::string hex = to_hex(*build(message));
    EXPECT_TRUE(golden.contains(name) && golden.at(name) == hex) << name << ": " << hex;
  }
  EXPECT_EQ(golden.size(), client_messages().size() + coordinator_messages().size());
}

TEST(Golden, TheseBytesAreRead) {
  const auto golden = golden_frames();
  for (const auto& [name, message] : client_messages()) {
    ASSERT_TRUE(golden.contains(name)) << name;
    const Bytes frame = from_hex(golden.at(name));
    const auto read = read_client_frame(frame, kParameters);
    ASSERT_TRUE(read.ok()) << name << ": " << read.error().text;
    EXPECT_TRUE(same(message, *read)) << name;
  }
  for (const auto& [name, message] : coordinator_messages()) {
    ASSERT_TRUE(golden.contains(name)) << name;
    const Bytes frame = from_hex(golden.at(name));
    const auto read = read_coordinator_frame(frame, kParameters);
    ASSERT_TRUE(read.ok()) << name << ": " << read.error().text;
    EXPECT_TRUE(same(message, *read)) << name;
  }
}

}  // namespace
}  // namespace psephos::wire
