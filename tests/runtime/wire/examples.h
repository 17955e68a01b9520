#pragma once
// Messages for the wire tests: fixed ones that pin bytes, random ones that pin nothing but the
// rules.

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/philox.h"
#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"

namespace psephos::wire::testing {

// A sequence of draws; the seed is the test's.
class Dice {
 public:
  explicit Dice(std::uint32_t seed) : seed_(seed) {}
  std::uint32_t word() { return philox_word({seed_, 0}, 0, Purpose::kFault, next_++); }
  std::uint64_t number() { return (std::uint64_t{word()} << 32) | word(); }
  std::uint32_t below(std::uint32_t n) { return psephos::below(word(), n); }
  float unit() { return static_cast<float>(unit_interval(word())); }
  bool coin() { return below(2) == 1; }

 private:
  std::uint32_t seed_;
  std::uint64_t next_ = 0;
};

inline std::string random_text(Dice& dice, std::size_t least, std::size_t most) {
  std::string text(least + dice.below(static_cast<std::uint32_t>(most - least + 1)), ' ');
  for (char& c : text) c = static_cast<char>('!' + dice.below(94));
  return text;
}

inline std::vector<std::uint8_t> random_bytes(Dice& dice, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(dice.below(256));
  return bytes;
}

inline std::vector<float> random_scales(Dice& dice) {
  std::vector<float> scales(dice.coin() ? 0 : dice.below(kMaxTensors + 1));
  for (float& scale : scales) scale = dice.unit();
  return scales;
}

inline RoundTerms random_terms(Dice& dice) {
  return {0.01f + dice.unit(), 1 + dice.below(kMaxBatch), random_scales(dice)};
}

inline std::vector<std::string> random_names(Dice& dice) {
  std::vector<std::string> names(dice.coin() ? 0 : dice.below(40));
  for (std::string& name : names) name = random_text(dice, 1, 90) + "\xC3\xB6";
  return names;
}

// `normalised`: with a normalisation of each feature, which is the coordinator's to tell.
inline DataSchema random_schema(Dice& dice, bool normalised) {
  DataSchema schema;
  schema.columns = random_names(dice);
  if (schema.columns.empty() && dice.coin()) schema.columns_hash = dice.number();
  if (dice.coin()) {
    schema.rows = 1 + dice.below(1000);
    schema.image_columns = 1 + dice.below(1000);
    schema.channels = 1 + dice.below(4);
  }
  schema.classes = random_names(dice);
  if (normalised && dice.coin()) {
    for (std::uint32_t i = dice.below(100); i > 0; --i) {
      schema.feature_scales.push_back(0.01f + dice.unit());
      schema.feature_offsets.push_back(dice.unit() - 0.5f);
    }
  }
  return schema;
}

// Ascending slots of a decision, and ballots of the rounds before it.
inline CountedSlots random_counted(Dice& dice, std::uint32_t round) {
  CountedSlots counted{.counted = dice.coin(), .given = dice.below(2000)};
  const std::uint32_t percent = dice.below(60);
  for (std::uint32_t slot = 0; slot < counted.given; ++slot) {
    if (dice.below(100) < percent) counted.slots.push_back(slot);
    if (round > 0 && dice.below(100) == 0) counted.earlier.push_back({slot, dice.below(round)});
  }
  return counted;
}

// A client's message of each kind in turn. `planes` is borrowed by a Ballot.
inline ClientMessage random_client_message(Dice& dice, unsigned kind,
                                           std::span<const std::uint8_t> planes) {
  switch (kind % std::variant_size_v<ClientMessage>) {
    case 0:
      return Join{.protocol_min = static_cast<std::uint16_t>(dice.below(5)),
                  .protocol_max = static_cast<std::uint16_t>(5 + dice.below(5)),
                  .run = dice.number(),
                  .name = random_text(dice, 1, kMaxNameBytes),
                  .have_round = dice.coin() ? kNoRound : dice.word(),
                  .epoch = dice.word(),
                  .fingerprint = dice.number(),
                  .arithmetic = random_text(dice, 0, kMaxArithmeticBytes),
                  .samples = dice.number(),
                  .data_manifest = dice.number(),
                  .schema = random_schema(dice, false),
                  .part = 1 + dice.below(9),
                  .parts = 9 + dice.below(9),
                  .enrol = Bytes(dice.coin() ? kEnrolBytes : 0, 7)};
    case 1:
      return Ballot{
          .session = dice.number(),
          .run = dice.number(),
          .round = dice.word(),
          .encoding = planes.empty() ? Encoding::kNone : Encoding::kTernary,
          .planes = planes,
          .loss = 10 * dice.unit() - 1,
          .samples = dice.word(),
          .scales = random_scales(dice),
      };
    case 2:
      return CatchUp{.session = dice.number(),
                     .have_round = dice.coin() ? kNoRound : dice.word(),
                     .checkpoint = dice.coin() ? kNoRound : dice.word(),
                     .chunk = dice.word(),
                     .reason = static_cast<CatchUpReason>(dice.below(3))};
    case 3:
      return Evaluation{.session = dice.number(),
                        .round = dice.word(),
                        .loss = 5.0 * dice.unit(),
                        .accuracy = dice.unit(),
                        .samples = dice.number()};
    case 4:
      return Heartbeat{.session = dice.number(), .round = dice.coin() ? kNoRound : dice.word()};
    case 5:
      return Leave{.session = dice.number(), .reason = static_cast<LeaveReason>(dice.below(3))};
    default:
      return UnknownMessage{static_cast<std::uint8_t>(13 + dice.below(243))};
  }
}

// Without a list of slots, as in a Past.
inline Decision random_decision(Dice& dice, std::uint32_t round,
                                std::span<const std::uint8_t> planes) {
  return Decision{.session = dice.number(),
                  .run = dice.number(),
                  .round = round,
                  .delta = 1e-3f + dice.unit(),
                  .keep = dice.coin() ? 1.0f : 1.0f - 0.5f * dice.unit(),
                  .encoding = dice.coin() ? Encoding::kBinary : Encoding::kTernary,
                  .planes = planes,
                  .voters = dice.word(),
                  .fingerprint = dice.number(),
                  .steps = random_scales(dice),
                  .next = random_terms(dice),
                  .counted = {},
                  .vote = dice.coin(),
                  .evaluate = dice.coin()};
}

inline TensorTable random_tensors(Dice& dice, std::uint32_t parameters) {
  TensorTable table;
  std::uint32_t offset = 0;
  while (offset < parameters && table.size() + 1 < kMaxTensors) {
    const std::uint32_t count = 1 + dice.below(parameters - offset);
    table.push_back({random_text(dice, 1, kMaxTensorName), offset, count, dice.unit()});
    offset += count;
  }
  return table;
}

inline Hyperparameters random_hyperparameters(Dice& dice) {
  Hyperparameters hyper;
  hyper.model = "mlp:" + std::to_string(1 + dice.below(500));
  hyper.rounds = 1 + dice.below(5000);
  hyper.seed = dice.word();
  hyper.worker = *parse_worker_rule(dice.coin() ? "signsgd" : "signum:0.9");
  if (!hyper.worker.values.empty()) hyper.worker.values = {double{0.9f * dice.unit()}};
  if (dice.coin()) {
    hyper.ballot = *parse_ballot_rule(dice.coin() ? "threshold:1" : "stochastic-ternary:8");
    hyper.ballot.values = {double{0.1f + dice.unit()}};
  }
  hyper.local_steps = dice.below(9);
  hyper.staleness = dice.below(4);
  hyper.audience = dice.coin() ? Audience::kAll : Audience::kDrawn;
  hyper.heartbeat_ms = 500 + dice.below(5000);
  hyper.normalisation = {0.001f + dice.unit(), dice.unit() - 0.5f};
  return hyper;
}

// A coordinator's message of each kind in turn; `planes` is borrowed.
inline CoordinatorMessage random_coordinator_message(Dice& dice, unsigned kind,
                                                     std::span<const std::uint8_t> planes) {
  switch (kind % (std::variant_size_v<CoordinatorMessage> + 1)) {
    case 0: {
      const TensorTable tensors = random_tensors(dice, 1 + dice.below(100'000));
      const Hyperparameters hyper = random_hyperparameters(dice);
      RoundTerms terms = random_terms(dice);
      terms.scales.resize(hyper.ballot.rule->needs.scales ? tensors.size() : 0, 0.5f);
      std::vector<std::uint64_t> digests(dice.below(kMaxDigests + 1));
      for (std::uint64_t& digest : digests) digest = dice.number();
      return Welcome{.run = dice.number(),
                     .session = dice.number(),
                     .epoch = dice.word(),
                     .round = dice.word(),
                     .vote = dice.coin(),
                     .evaluate = dice.coin(),
                     .tensors = tensors,
                     .hyper = hyper,
                     .fingerprint = dice.number(),
                     .largest_frame = dice.below(300'000),
                     .x0_given = dice.coin(),
                     .terms = terms,
                     .slot = dice.below(kMaxSlots),
                     .schema = random_schema(dice, true),
                     .digest_key = dice.number(),
                     .digests = digests,
                     .version = random_text(dice, 0, kMaxVersionBytes)};
    }
    case 1: {
      Decision decision = random_decision(dice, dice.below(1'000'000), planes);
      decision.counted = random_counted(dice, decision.round);
      return decision;
    }
    case 2: {
      Past past{.session = dice.number(),
                .decisions = {},
                .chunk = {},
                .have_round = dice.coin() ? kNoRound : dice.word(),
                .counted_through = dice.coin() ? kNoRound : dice.word(),
                .round = dice.word(),
                .vote = dice.coin(),
                .evaluate = dice.coin()};
      const std::uint32_t first = dice.below(1'000'000);
      const std::uint32_t count = 1 + dice.below(20);
      for (std::uint32_t i = 0; i < count; ++i) {
        past.decisions.push_back(random_decision(dice, first + i, planes));
      }
      return past;
    }
    case 3:
      return Call{.session = dice.number(), .round = dice.word()};
    case 4:
      return Heartbeat{.session = dice.number(), .round = dice.word()};
    case 5:
      return Finished{.session = dice.number(),
                      .rounds = dice.word(),
                      .fingerprint = dice.number(),
                      .reason = static_cast<FinishReason>(dice.below(3))};
    case 6:
      return Refusal{.code = static_cast<std::uint8_t>(dice.below(256)),
                     .text = random_text(dice, 0, kMaxRefusalText),
                     .wait_ms = dice.below(kMaxWaitMs + 1),
                     .of = {static_cast<std::uint8_t>(dice.below(256)), dice.word(), dice.word()}};
    case 7:
      return UnknownMessage{static_cast<std::uint8_t>(13 + dice.below(243))};
    default: {
      const CheckpointChunk chunk{.round = dice.word(),
                                  .fingerprint = dice.number(),
                                  .chunk = 1,
                                  .chunks = 2,
                                  .bytes = planes};
      return Past{.session = dice.number(), .decisions = {}, .chunk = chunk};
    }
  }
}

}  // namespace psephos::wire::testing
