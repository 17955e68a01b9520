#include "coordinator/ledger/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/units.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/signs/decision_codec.h"
#include "runtime/vote/net_counts.h"

namespace psephos::coordinator {
namespace {

Error wrong(std::uint32_t round, std::string_view what) {
  return Error{fmt::format("round {}: {}", round, what)};
}

// Can it be a decision of this model at all?
bool is_sane(const DecisionRecord& record, const TensorTable& tensors) {
  const auto is_step = [](float step) { return std::isfinite(step) && step >= 0; };
  const bool steps = record.steps.empty() || record.steps.size() == tensors.size();
  return std::isfinite(record.delta) && record.delta > 0 && record.keep > 0 && record.keep <= 1 &&
         record.votes.encoding != Encoding::kNone && steps &&
         std::ranges::all_of(record.steps, is_step) && check_round_terms(record.next).ok();
}

// Does it say anything of the rounds before?
bool has_numbers(const RuleState& state) {
  return std::ranges::any_of(state, [](const RuleVector& vector) {
    return std::visit([](const auto& values) { return !values.empty(); }, vector.numbers);
  });
}

}  // namespace

Result<Replay> Replay::from(const Checkpoint& checkpoint, const RunRecord& run) {
  auto rules = rules_of(run.words);
  if (!rules) return Error{"the run's rules: " + rules.error().text};
  auto replay = of_parameters(checkpoint, run);
  if (!replay) return replay;
  replay->rules_ = *std::move(rules);
  const DecisionChoice& choice = replay->rules_.decision;
  if (needs_of(choice).state) replay->rule_ = choice.rule->make(choice.values);
  if (const Status known = replay->remember(checkpoint); !known) return known.error();
  return replay;
}

Result<Replay> Replay::of_parameters(const Checkpoint& checkpoint, const RunRecord& run) {
  Replay replay;
  replay.tensors_ = run.tensors;
  replay.replica_ = Replica(run.parameters);
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
  replay.terms_ = loader.terms();
  return replay;
}

Status Replay::remember(const Checkpoint& checkpoint) {
  const auto malformed = [&](std::string_view why) {
    return Error{
        fmt::format("what the checkpoint of round {} says of the decision rule is of no "
                    "use: {}",
                    checkpoint.round, why)};
  };
  std::span<const std::uint8_t> bytes = checkpoint.rule;
  auto state = take_state(bytes, replica_.size());
  if (!state || !bytes.empty()) return malformed("it is malformed");
  if (!rule_) return state->empty() ? Status(Ok{}) : malformed("the rule remembers nothing");
  if (checkpoint.round > 0 && !has_numbers(*state))
    return malformed("the rounds before are forgotten");
  const Status restored = restore_state(*std::move(state), replica_.size(), rule_->slots());
  if (!restored) return malformed(restored.error().text);
  remembers_ = true;
  return Ok{};
}

Status Replay::apply(const DecisionRecord& record, const CountsRef& counts, unsigned threads) {
  if (record.round != round_) {
    return wrong(record.round, fmt::format("follows round {}", round_));
  }
  if (!is_sane(record, tensors_)) return wrong(record.round, "is no decision");
  auto signs = decode_decision(record.votes.encoding, record.votes.planes, replica_.size(),
                               last_ ? &*last_ : nullptr);
  if (!signs) return wrong(record.round, signs.error().text);
  if (rule_) {
    if (const Status same = decide_again(record, *signs, counts, threads); !same) return same;
  }
  const auto ranges = step_ranges(replica_.size(), record.delta, record.steps, tensors_);
  fingerprint_ = replica_.apply(*signs, ranges, record.keep, threads);
  last_ = *std::move(signs);
  terms_ = record.next;
  ++round_;
  if (fingerprint_ != record.fingerprint) {
    return wrong(record.round,
                 fmt::format("applied, it gives the fingerprint {} instead of {}",
                             format_hex(fingerprint_), format_hex(record.fingerprint)));
  }
  return Ok{};
}

Status Replay::decide_again(const DecisionRecord& record, const PackedSigns& signs,
                            const CountsRef& counts, unsigned threads) {
  if (!counts) remembers_ = false;
  if (!remembers_) return Ok{};
  const auto net = NetCounts::parse(*counts, replica_.size());
  if (!net) return wrong(record.round, net.error().text);
  if (net->voters() != record.voters || record.voters == 0) {
    return wrong(record.round, "its counts are of another round");
  }
  Decided decided = rule_->decide(*net, {&tensors_, record.delta, terms_.scales, threads});
  if (rules_.downlink == Downlink::kBinary) {
    break_ties(decided.signs, {rules_.seed, kRunStream}, record.round);
  }
  if (decided.signs == signs && decided.steps == record.steps) return Ok{};
  return wrong(record.round, "its votes decide something else");
}

}  // namespace psephos::coordinator
