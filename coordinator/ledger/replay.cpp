#include "coordinator/ledger/replay.h"

#include <fmt/format.h>

#include <cmath>

#include "runtime/base/units.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/signs/decision_codec.h"

namespace psephos::coordinator {

Result<Replay> Replay::from(const Checkpoint& checkpoint, std::size_t parameters) {
  Replay replay;
  replay.replica_ = Replica(parameters);
  CheckpointLoader loader;
  const auto loaded = loader.load(checkpoint.bytes, 0, 1, checkpoint.bytes.size(),
                                  replay.replica_.mutable_parameters());
  if (!loaded) return loaded.error();
  replay.round_ = loader.header().round;
  replay.fingerprint_ = replay.replica_.fingerprint();
  if (replay.round_ != checkpoint.round || replay.fingerprint_ != checkpoint.fingerprint) {
    return Error{
        fmt::format("the checkpoint of round {} does not hold the parameters it says it holds",
                    checkpoint.round)};
  }
  replay.last_ = loader.last_decision();
  return replay;
}

Status Replay::apply(const DecisionRecord& record, unsigned threads) {
  const auto wrong = [&record](std::string_view what) {
    return Error{fmt::format("round {}: {}", record.round, what)};
  };
  if (record.round != round_) return wrong(fmt::format("follows round {}", round_));
  const bool sane = std::isfinite(record.delta) && record.delta > 0 && record.keep > 0 &&
                    record.keep <= 1 && record.votes.encoding != Encoding::kNone;
  if (!sane) return wrong("is no decision");
  auto signs = decode_decision(record.votes.encoding, record.votes.planes, replica_.size(),
                               last_ ? &*last_ : nullptr);
  if (!signs) return wrong(signs.error().text);
  fingerprint_ = replica_.apply(*signs, record.delta, record.keep, threads);
  last_ = *std::move(signs);
  ++round_;
  if (fingerprint_ != record.fingerprint) {
    return wrong(fmt::format("applied, it gives the fingerprint {} instead of {}",
                             format_hex(fingerprint_), format_hex(record.fingerprint)));
  }
  return Ok{};
}

}  // namespace psephos::coordinator
