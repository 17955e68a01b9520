#pragma once
// A message as the lines that WIRE.md's examples of frames have, field by field. A list of nothing
// has no line.

#include <fmt/format.h>

#include <map>
#include <string>

#include "runtime/base/units.h"
#include "runtime/wire/message.h"
#include "tests/runtime/wire/hex.h"

namespace psephos::wire::testing {

class Fields {
 public:
  template <class T>
  void value(const std::string& key, const T& value) {
    lines_[key] = fmt::format("{}", value);
  }
  void round(const std::string& key, std::uint32_t round) {
    lines_[key] = round == kNoRound ? "none" : std::to_string(round);
  }
  void hash(const std::string& key, std::uint64_t number) { lines_[key] = format_hex(number); }
  void bytes(const std::string& key, std::span<const std::uint8_t> bytes) {
    if (!bytes.empty()) lines_[key] = to_hex(bytes);
  }
  template <class List, class Shown>
  void list(const std::string& key, const List& values, Shown shown) {
    for (const auto& value : values) {
      std::string& line = lines_[key];
      if (!line.empty()) line += ' ';
      line += shown(value);
    }
  }
  template <class List>
  void list(const std::string& key, const List& values) {
    list(key, values, [](const auto& value) { return fmt::format("{}", value); });
  }

  void schema(const DataSchema& schema) {
    list("schema.columns", schema.columns);
    list("schema.classes", schema.classes);
    list("schema.feature_scales", schema.feature_scales);
    list("schema.feature_offsets", schema.feature_offsets);
    if (schema.columns_hash != 0) hash("schema.columns_hash", schema.columns_hash);
    if (schema.rows == 0) return;
    value("schema.rows", schema.rows);
    value("schema.image_columns", schema.image_columns);
    value("schema.channels", schema.channels);
  }

  void decision(const std::string& prefix, const Decision& m) {
    hash(prefix + "session", m.session);
    hash(prefix + "run", m.run);
    value(prefix + "round", m.round);
    value(prefix + "delta", m.delta);
    value(prefix + "keep", m.keep);
    value(prefix + "encoding", static_cast<unsigned>(m.encoding));
    bytes(prefix + "planes", m.planes);
    value(prefix + "voters", m.voters);
    hash(prefix + "fingerprint", m.fingerprint);
    list(prefix + "steps", m.steps);
    value(prefix + "local_lr", m.next.local_lr);
    value(prefix + "batch", m.next.batch);
    list(prefix + "scales", m.next.scales);
    value(prefix + "listed", static_cast<unsigned>(m.counted.counted));
    value(prefix + "slot_count", m.counted.given);
    list(prefix + "slots", m.counted.slots);
    list(prefix + "earlier", m.counted.earlier,
         [](const EarlierBallot& one) { return fmt::format("{}:{}", one.slot, one.round); });
    value(prefix + "vote", m.vote);
    value(prefix + "evaluate", m.evaluate);
  }

  void of(const Join& m) {
    value("protocol_min", m.protocol_min);
    value("protocol_max", m.protocol_max);
    hash("run", m.run);
    value("name", m.name);
    round("have_round", m.have_round);
    value("epoch", m.epoch);
    hash("fingerprint", m.fingerprint);
    value("arithmetic", m.arithmetic);
    value("samples", m.samples);
    hash("data_manifest", m.data_manifest);
    schema(m.schema);
    value("part", m.part);
    value("parts", m.parts);
    bytes("enrol", m.enrol);
  }
  void of(const Ballot& m) {
    hash("session", m.session);
    hash("run", m.run);
    value("round", m.round);
    value("encoding", static_cast<unsigned>(m.encoding));
    bytes("planes", m.planes);
    value("loss", m.loss);
    value("samples", m.samples);
    list("scales", m.scales);
  }
  void of(const CatchUp& m) {
    hash("session", m.session);
    round("have_round", m.have_round);
    round("checkpoint", m.checkpoint);
    value("chunk", m.chunk);
    value("reason", static_cast<unsigned>(m.reason));
  }
  void of(const Evaluation& m) {
    hash("session", m.session);
    value("round", m.round);
    value("loss", m.loss);
    value("accuracy", m.accuracy);
    value("samples", m.samples);
  }
  void of(const Heartbeat& m) {
    hash("session", m.session);
    round("round", m.round);
  }
  void of(const Leave& m) {
    hash("session", m.session);
    value("reason", static_cast<unsigned>(m.reason));
  }
  void of(const Welcome& m) {
    hash("run", m.run);
    hash("session", m.session);
    value("epoch", m.epoch);
    value("round", m.round);
    value("vote", m.vote);
    value("evaluate", m.evaluate);
    list("tensors", m.tensors, [](const TensorEntry& one) {
      return fmt::format("{}:{}:{}:{}", one.name, one.offset, one.count, one.init_scale);
    });
    value("model", m.hyper.model);
    value("worker", to_string(m.hyper.worker));
    value("ballot", to_string(m.hyper.ballot));
    value("rounds", m.hyper.rounds);
    value("seed", m.hyper.seed);
    value("local_steps", m.hyper.local_steps);
    value("staleness", m.hyper.staleness);
    value("audience", static_cast<unsigned>(m.hyper.audience));
    value("heartbeat_ms", m.hyper.heartbeat_ms);
    value("normalisation_scale", m.hyper.normalisation.scale);
    value("normalisation_offset", m.hyper.normalisation.offset);
    hash("fingerprint", m.fingerprint);
    value("largest_frame", m.largest_frame);
    value("x0_given", m.x0_given);
    value("terms.local_lr", m.terms.local_lr);
    value("terms.batch", m.terms.batch);
    list("terms.scales", m.terms.scales);
    value("slot", m.slot);
    schema(m.schema);
    hash("digest_key", m.digest_key);
    list("digests", m.digests, [](std::uint64_t digest) { return format_hex(digest); });
    value("version", m.version);
  }
  void of(const Decision& m) { decision("", m); }
  void of(const Past& m) {
    hash("session", m.session);
    for (std::size_t i = 0; i < m.decisions.size(); ++i) {
      decision(fmt::format("decisions.{}.", i), m.decisions[i]);
    }
    if (m.chunk) {
      value("chunk.round", m.chunk->round);
      hash("chunk.fingerprint", m.chunk->fingerprint);
      value("chunk.chunk", m.chunk->chunk);
      value("chunk.chunks", m.chunk->chunks);
      bytes("chunk.bytes", m.chunk->bytes);
    }
    round("have_round", m.have_round);
    round("counted_through", m.counted_through);
    value("round", m.round);
    value("vote", m.vote);
    value("evaluate", m.evaluate);
  }
  void of(const Call& m) {
    hash("session", m.session);
    value("round", m.round);
  }
  void of(const Finished& m) {
    hash("session", m.session);
    value("rounds", m.rounds);
    hash("fingerprint", m.fingerprint);
    value("reason", static_cast<unsigned>(m.reason));
  }
  void of(const Refusal& m) {
    value("code", m.code);
    value("text", m.text);
    value("wait_ms", m.wait_ms);
    value("of", m.of.body);
    round("round", m.of.round);
    value("chunk", m.of.chunk);
  }
  void of(const UnknownMessage& m) { value("type", m.type); }

  const std::map<std::string, std::string>& lines() const { return lines_; }

 private:
  std::map<std::string, std::string> lines_;
};

template <class Message>
std::map<std::string, std::string> fields_of(const Message& message) {
  Fields fields;
  std::visit([&](const auto& one) { fields.of(one); }, message);
  return fields.lines();
}

}  // namespace psephos::wire::testing
