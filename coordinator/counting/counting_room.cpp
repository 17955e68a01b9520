#include "coordinator/counting/counting_room.h"

#include <memory>

#include "runtime/replica/checkpoint.h"
#include "runtime/signs/decision_codec.h"

namespace psephos::coordinator {

CountingRoom::CountingRoom(const RunConfig& config, Replica x, std::uint32_t round,
                           unsigned threads, Carried carried)
    : config_(config),
      threads_(threads),
      decay_(config.weight_decay, carried.decay_pending),
      replica_(std::move(x)),
      round_(round),
      fingerprint_(replica_.fingerprint()),
      tally_(replica_.size(), threads),
      last_(std::move(carried.last)) {}

void CountingRoom::count(const CountedBallot& ballot, const HeldSigns& signs) {
  const PhiloxKey key{config_.hyper.seed, kRunStream};
  counted_.push_back(ballot);
  samples_.emplace_back(signs.view, key, round_);
  tally_.add(signs.view, signs.keeper);
}

PackedSigns CountingRoom::decision() const {
  return decide(tally_, config_.decision, config_.downlink, {config_.hyper.seed, kRunStream},
                round_);
}

ClosedRound CountingRoom::close() {
  PackedSigns decision = this->decision();
  auto record = std::make_shared<DecisionRecord>();
  record->round = round_;
  record->delta = learning_rate(config_.schedule, config_.lr, round_, config_.hyper.rounds);
  record->keep = decay_.keep(record->delta);
  record->decay_pending = decay_.pending();
  record->votes = encode_decision(decision, last_ ? &*last_ : nullptr);
  record->voters = tally_.voters();
  fingerprint_ = replica_.apply(decision, record->delta, record->keep, threads_);
  record->fingerprint = fingerprint_;

  ClosedRound closed;
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    closed.agreement.emplace_back(counted_[i].identity, samples_[i].with(decision));
  }
  record->counted = std::move(counted_);
  closed.decided =
      static_cast<double>(decision.voted_count()) / static_cast<double>(decision.parameters);
  lose_tally();
  ++round_;
  last_ = std::move(decision);
  closed.record = std::move(record);
  return closed;
}

void CountingRoom::lose_tally() {
  tally_.clear();
  samples_.clear();
  counted_.clear();
}

CheckpointRef CountingRoom::checkpoint() const {
  auto checkpoint = std::make_shared<Checkpoint>();
  checkpoint->round = round_;
  checkpoint->fingerprint = fingerprint_;
  const std::optional<EncodedSigns> last = last_ ? std::optional(encode(*last_)) : std::nullopt;
  checkpoint->bytes =
      encode_checkpoint(round_, replica_.parameters(), fingerprint_, last ? &*last : nullptr);
  return checkpoint;
}

}  // namespace psephos::coordinator
