#pragma once
// Equality of messages, field by field, spans by what they point at.

#include <algorithm>

#include "runtime/wire/message.h"

namespace psephos::wire::testing {

inline bool same_bytes(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return std::ranges::equal(a, b);
}

inline bool same(const Join& a, const Join& b) {
  return a.protocol_min == b.protocol_min && a.protocol_max == b.protocol_max && a.run == b.run &&
         a.name == b.name && a.have_round == b.have_round && a.epoch == b.epoch &&
         a.fingerprint == b.fingerprint && a.arithmetic == b.arithmetic && a.samples == b.samples &&
         a.data_manifest == b.data_manifest && a.schema == b.schema && a.part == b.part &&
         a.parts == b.parts && a.enrol == b.enrol;
}

inline bool same(const Ballot& a, const Ballot& b) {
  return a.session == b.session && a.run == b.run && a.round == b.round &&
         a.encoding == b.encoding && same_bytes(a.planes, b.planes) && a.loss == b.loss &&
         a.samples == b.samples && a.scales == b.scales;
}

inline bool same(const CatchUp& a, const CatchUp& b) {
  return a.session == b.session && a.have_round == b.have_round && a.checkpoint == b.checkpoint &&
         a.chunk == b.chunk && a.reason == b.reason;
}

inline bool same(const Evaluation& a, const Evaluation& b) {
  return a.session == b.session && a.round == b.round && a.loss == b.loss &&
         a.accuracy == b.accuracy && a.samples == b.samples;
}

inline bool same(const Heartbeat& a, const Heartbeat& b) {
  return a.session == b.session && a.round == b.round;
}

inline bool same(const Leave& a, const Leave& b) {
  return a.session == b.session && a.reason == b.reason;
}

inline bool same(const Welcome& a, const Welcome& b) {
  return a.run == b.run && a.session == b.session && a.epoch == b.epoch && a.round == b.round &&
         a.vote == b.vote && a.evaluate == b.evaluate && a.tensors == b.tensors &&
         a.hyper == b.hyper && a.fingerprint == b.fingerprint &&
         a.largest_frame == b.largest_frame && a.x0_given == b.x0_given && a.terms == b.terms &&
         a.slot == b.slot && a.schema == b.schema && a.digest_key == b.digest_key &&
         a.digests == b.digests && a.version == b.version;
}

inline bool same(const Decision& a, const Decision& b) {
  return a.session == b.session && a.run == b.run && a.round == b.round && a.delta == b.delta &&
         a.keep == b.keep && a.encoding == b.encoding && same_bytes(a.planes, b.planes) &&
         a.voters == b.voters && a.fingerprint == b.fingerprint && a.steps == b.steps &&
         a.next == b.next && a.counted == b.counted && a.vote == b.vote && a.evaluate == b.evaluate;
}

inline bool same(const CheckpointChunk& a, const CheckpointChunk& b) {
  return a.round == b.round && a.fingerprint == b.fingerprint && a.chunk == b.chunk &&
         a.chunks == b.chunks && same_bytes(a.bytes, b.bytes);
}

inline bool same(const Past& a, const Past& b) {
  if (a.session != b.session || a.chunk.has_value() != b.chunk.has_value()) return false;
  if (a.chunk && !same(*a.chunk, *b.chunk)) return false;
  if (a.have_round != b.have_round || a.counted_through != b.counted_through ||
      a.round != b.round || a.vote != b.vote || a.evaluate != b.evaluate) {
    return false;
  }
  return std::ranges::equal(a.decisions, b.decisions,
                            [](const Decision& x, const Decision& y) { return same(x, y); });
}

inline bool same(const Call& a, const Call& b) {
  return a.session == b.session && a.round == b.round;
}

inline bool same(const Finished& a, const Finished& b) {
  return a.session == b.session && a.rounds == b.rounds && a.fingerprint == b.fingerprint &&
         a.reason == b.reason;
}

inline bool same(const Refusal& a, const Refusal& b) {
  return a.code == b.code && a.text == b.text && a.wait_ms == b.wait_ms && a.of == b.of;
}

inline bool same(const UnknownMessage& a, const UnknownMessage& b) { return a.type == b.type; }

template <class... Kinds>
bool same(const std::variant<Kinds...>& a, const std::variant<Kinds...>& b) {
  return a.index() == b.index() &&
         std::visit(
             [&](const auto& one) {
               return same(one, *std::get_if<std::decay_t<decltype(one)>>(&b));
             },
             a);
}

}  // namespace psephos::wire::testing
