#include "coordinator/counting/counting_room.h"

#include "runtime/base/check.h"
#include "runtime/base/overloaded.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/replica/fingerprint.h"
#include "runtime/rules/scales.h"
#include "runtime/signs/decision_codec.h"

namespace psephos::coordinator {

CountingRoom::CountingRoom(const RunConfig& config, std::unique_ptr<VoteCounter> counter,
                           std::uint32_t round, Carried carried)
    : config_(config),
      counter_(std::move(counter)),
      size_(counter_->parameters().size()),
      round_(round),
      fingerprint_(psephos::fingerprint(counter_->parameters())),
      decay_(config.weight_decay, carried.decay_pending),
      terms_(std::move(carried.terms)),
      keeps_counts_(carried.durable && needs_of(config.decision).state),
      last_(std::move(carried.last)) {}

void CountingRoom::count(const CountedBallot& ballot, const HeldSigns& signs,
                         std::vector<float> scales) {
  Contribution contribution{{ballot}, signs};
  if (!scales.empty()) contribution.reports.push_back(std::move(scales));
  count(std::move(contribution));
}

void CountingRoom::count(Contribution contribution) {
  PSEPHOS_CHECK(!closing_, "a vote while its round is being closed");
  const PhiloxKey key{config_.hyper.seed, kRunStream};
  std::visit(Overloaded{
                 [&](const HeldSigns& signs) {
                   PSEPHOS_CHECK(contribution.ballots.size() == 1, "a ballot is one client's");
                   samples_.push_back({counted_.size(), AgreementSample(signs.view, key, round_)});
                 },
                 [&](const std::shared_ptr<const Tally>& tally) {
                   PSEPHOS_CHECK(contribution.ballots.size() == tally->voters(),
                                 "a tally names every voter");
                 },
             },
             contribution.votes);
  counter_->count(contribution);
  for (CountedBallot& ballot : contribution.ballots) counted_.push_back(std::move(ballot));
  for (std::vector<float>& report : contribution.reports) reports_.push_back(std::move(report));
}

void CountingRoom::close() {
  PSEPHOS_CHECK(!closing_, "a round is closed once");
  Closing closing{{}, decay_};
  closing.order.number = ++orders_;
  closing.order.round = round_;
  closing.order.delta = learning_rate(config_.schedule, config_.lr, round_, config_.hyper.rounds);
  closing.order.keep = closing.decay.keep(closing.order.delta);
  closing.order.scales = terms_.scales;
  closing.order.counts = keeps_counts_;
  closing_ = closing;
  counter_->close(closing.order);
}

std::optional<CountingOutcome> CountingRoom::take() {
  while (std::optional<CounterAnswer> answer = counter_->take()) {
    std::optional<CountingOutcome> outcome;
    std::visit(Overloaded{
                   [&](CounterClosed& done) {
                     // It answers a close that was lost, whose ballots have been asked for again.
                     if (!closing_ || done.number != closing_->order.number) return;
                     outcome = closed(std::move(done));
                   },
                   [&](const CounterLost& lost) {
                     if (lost.round != round_) return;
                     forget_ballots();
                     outcome = BallotsLost{round_};
                   },
               },
               *answer);
    if (outcome) return outcome;
  }
  return std::nullopt;
}

ClosedRound CountingRoom::closed(CounterClosed answer) {
  PSEPHOS_CHECK(answer.round == round_ && answer.voters == counted_.size(),
                "what was counted is what was given to the counter");
  const CloseOrder& order = closing_->order;
  auto record = std::make_shared<DecisionRecord>();
  record->round = round_;
  record->delta = order.delta;
  record->keep = order.keep;
  record->decay_pending = closing_->decay.pending();
  record->votes = encode_decision(answer.decision, last_ ? &*last_ : nullptr);
  record->voters = answer.voters;
  record->steps = std::move(answer.steps);
  record->next = next_terms();
  record->counts_hash = answer.counts ? hash_counts(*answer.counts) : 0;
  record->fingerprint = answer.fingerprint;

  ClosedRound closed;
  for (const Sample& sample : samples_) {
    closed.agreement.emplace_back(counted_[sample.ballot].identity,
                                  sample.blocks.with(answer.decision));
  }
  record->counted = std::move(counted_);
  closed.decided = static_cast<double>(answer.decision.voted_count()) / static_cast<double>(size_);
  closed.counts = std::move(answer.counts);
  terms_ = record->next;
  closed.record = std::move(record);

  decay_ = closing_->decay;
  fingerprint_ = answer.fingerprint;
  last_ = std::move(answer.decision);
  ++round_;
  forget_ballots();
  return closed;
}

// The terms of the round after the open one: its scales follow from what counted ballots report.
RoundTerms CountingRoom::next_terms() const {
  RoundTerms next = terms_;
  const BallotChoice& ballot = config_.hyper.ballot;
  if (ballot.rule->needs.scales) {
    next.scales = next_scales(terms_.scales, reports_, ballot.rule->scale_multiple(ballot.values));
  }
  return next;
}

void CountingRoom::forget_ballots() {
  samples_.clear();
  reports_.clear();
  counted_.clear();
  closing_.reset();
}

std::span<const float> CountingRoom::parameters() const {
  PSEPHOS_CHECK(!closing_, "the parameters of a round that is being closed");
  return counter_->parameters();
}

CheckpointRef CountingRoom::checkpoint() const {
  auto checkpoint = std::make_shared<Checkpoint>();
  checkpoint->round = round_;
  checkpoint->fingerprint = fingerprint_;
  const std::optional<EncodedSigns> last = last_ ? std::optional(encode(*last_)) : std::nullopt;
  checkpoint->bytes =
      encode_checkpoint(round_, parameters(), fingerprint_, last ? &*last : nullptr, terms_);
  append_state(keeps_counts_ ? counter_->state() : RuleState(), checkpoint->rule);
  return checkpoint;
}

}  // namespace psephos::coordinator
