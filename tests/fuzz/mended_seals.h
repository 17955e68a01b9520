#pragma once
// A fuzzed frame with the seals that it ought to have, so that what stands behind them is read,
// too: no fuzzer guesses 64 bits.

#include <flatbuffers/flatbuffers.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/wire/message.h"
#include "runtime/wire/seal.h"
#include "schemas/psephos_generated.h"

namespace psephos::fuzz {

inline std::span<const std::uint8_t> bytes_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
  if (bytes == nullptr) return {};
  return {bytes->data(), bytes->size()};
}

inline std::vector<float> floats_of(const flatbuffers::Vector<float>* floats) {
  if (floats == nullptr) return {};
  return {floats->begin(), floats->end()};
}

// What a seal is of, without a look at whether it makes sense.
inline std::uint64_t seal_of(const fb::Decision& table) {
  const fb::DecisionHead& head = *table.head();
  wire::Decision decision;
  decision.session = head.session();
  decision.run = head.run();
  decision.fingerprint = head.fingerprint();
  decision.round = head.round();
  decision.voters = head.voters();
  decision.delta = head.delta();
  decision.keep = head.keep();
  decision.encoding = static_cast<Encoding>(head.encoding());
  decision.vote = head.vote();
  decision.evaluate = head.evaluate();
  decision.counted.counted = head.listed() == fb::SlotList::Counted;
  decision.counted.given = head.slot_count();
  decision.next = {head.local_lr(), head.batch(), floats_of(table.scales())};
  decision.steps = floats_of(table.steps());
  if (table.earlier() != nullptr) {
    for (const fb::EarlierBallot* one : *table.earlier()) {
      decision.counted.earlier.push_back({one->slot(), one->round()});
    }
  }
  return wire::seal_of(decision, bytes_of(table.slots()));
}

inline std::uint64_t mend(const fb::Decision& table) {
  const std::uint64_t seal = seal_of(table);
  // The last of the head's fields.
  auto* head = reinterpret_cast<std::uint8_t*>(const_cast<fb::DecisionHead*>(table.head()));
  std::memcpy(head + sizeof(fb::DecisionHead) - sizeof seal, &seal, sizeof seal);
  return seal;
}

inline void mend(const fb::Past& table) {
  wire::Past past;
  past.session = table.session();
  past.counted_through = table.counted_through();
  past.round = table.round();
  past.vote = table.vote();
  past.evaluate = table.evaluate();
  std::vector<std::uint64_t> seals;
  if (table.decisions() != nullptr) {
    for (const fb::Decision* decision : *table.decisions()) seals.push_back(mend(*decision));
  }
  if (const fb::CheckpointChunk* chunk = table.chunk()) {
    past.chunk = {chunk->round(), chunk->fingerprint(), chunk->chunk(), chunk->chunks(),
                  bytes_of(chunk->bytes())};
  }
  // The generated class inherits privately.
  auto* fields = (flatbuffers::Table*)&table;  // NOLINT
  fields->SetField<std::uint64_t>(fb::Past::VT_SEAL, wire::seal_of(past, seals), 0);
}

// Null where the frame has no seal to mend.
inline Frame with_mended_seals(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kSmallestFrame = 8;
  auto frame = std::make_shared<Bytes>(bytes.begin(), bytes.end());
  flatbuffers::Verifier verifier(frame->data(), frame->size(), 8, 1040);
  if (frame->size() < kSmallestFrame || !fb::VerifyMessageBuffer(verifier)) return nullptr;
  const fb::Message* message = fb::GetMessage(frame->data());
  if (const fb::Decision* decision = message->body_as_Decision()) {
    mend(*decision);
  } else if (const fb::Past* past = message->body_as_Past()) {
    mend(*past);
  } else {
    return nullptr;
  }
  return frame;
}

}  // namespace psephos::fuzz
