#include "simulator/proving/truth.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

#include "runtime/base/overloaded.h"
#include "runtime/base/philox.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/replica/fingerprint.h"
#include "runtime/rules/rule_state.h"
#include "runtime/signs/ballot_codec.h"
#include "runtime/signs/decision_codec.h"
#include "runtime/vote/net_counts.h"
#include "runtime/wire/limits.h"

namespace psephos::proving {
namespace {

// Throws Violation with a formatted text where `holds` is false.
template <class... Args>
void demand(bool holds, fmt::format_string<Args...> otherwise, Args&&... args) {
  if (!holds) throw Violation(fmt::format(otherwise, std::forward<Args>(args)...));
}

}  // namespace

Truth::Truth(RunConfig config, const TensorTable& tensors, std::span<const float> x_0)
    : config_(std::move(config)),
      tensors_(tensors),
      d_(x_0.size()),
      x_0_(x_0.begin(), x_0.end()),
      x_(x_0.begin(), x_0.end()),
      decay_(config_.weight_decay),
      decisions_(config_.decision, tensors),
      terms_(first_terms(config_, tensors)) {
  fingerprints_.push_back(psephos::fingerprint(x_));
  known_.emplace(0, fingerprints_.back());
}

// ---- the coordinator ----------------------------------------------------------------------------

void Truth::counted(const coordinator::CountedBallot& ballot, const SignsView& signs,
                    std::span<const float> scales) {
  const std::uint32_t open = rounds();
  const auto& [identity, round] = ballot;
  demand(signs.parameters == d_, "a ballot of {} is of another model", identity);
  demand(!tally_.contains(identity), "{} is counted twice in round {}", identity, open);
  demand(round <= open && open - round <= config_.hyper.staleness,
         "a ballot of round {} is counted in round {}", round, open);
  const auto newest = newest_counted_.find(identity);
  demand(newest == newest_counted_.end() || round > newest->second,
         "a ballot of {} of round {} is counted a second time", identity, round);
  demand(scales.size() == terms_.scales.size(), "a ballot of {} reports {} scales, not {}",
         identity, scales.size(), terms_.scales.size());
  tally_.emplace(identity, Entered{round, values(signs), {scales.begin(), scales.end()}});
}

// Where the bits are, by WIRE.md's words: block b of 1024 parameters owns 32 words, bit j of word l
// is parameter 32 j + l of the block; a last block of r has L = ceil(r / 32) words and strides of
// L.
Truth::Values Truth::values(const SignsView& signs) const {
  Values values(d_);
  for (std::size_t first = 0; first < d_; first += 1024) {
    const std::size_t left = std::min<std::size_t>(1024, d_ - first);
    const std::size_t lanes = (left + 31) / 32;
    const std::uint32_t* sign = signs.signs.data() + first / 32;
    const std::uint32_t* voted = signs.all_voted() ? nullptr : signs.voted.data() + first / 32;
    for (std::size_t j = 0; j * lanes < left; ++j) {
      const std::size_t count = std::min(lanes, left - j * lanes);
      std::int8_t* out = values.data() + first + j * lanes;
      for (std::size_t l = 0; l < count; ++l) {
        const std::uint32_t negative = (sign[l] >> j) & 1;
        const std::uint32_t counts = voted ? (voted[l] >> j) & 1 : 1;
        out[l] = static_cast<std::int8_t>(static_cast<std::int32_t>(counts) -
                                          2 * static_cast<std::int32_t>(counts & negative));
      }
    }
  }
  return values;
}

std::vector<std::int32_t> Truth::net() const {
  std::vector<std::int32_t> net(d_, 0);
  for (const auto& [identity, entered] : tally_) {
    for (std::size_t i = 0; i < d_; ++i) net[i] += entered.votes[i];
  }
  return net;
}

void Truth::check_against_sum(const coordinator::DecisionRecord& record, const Values& decision,
                              std::span<const std::int32_t> net) {
  const auto voters = static_cast<std::uint32_t>(tally_.size());
  const PlainDecisions::Expected expected =
      decisions_.decide(rounds(), net, voters, record.delta, terms_.scales);
  for (std::size_t i = 0; i < d_; ++i) {
    const int sign = expected.signs[i];
    if (sign == 0 && config_.downlink == Downlink::kBinary) continue;  // the coin's business
    demand(decision[i] == sign,
           "round {}, parameter {}: {} votes sum to {}, which decides {}, not {}", rounds(), i,
           voters, net[i], sign, decision[i]);
  }
  demand(record.steps == expected.steps, "round {} has other steps than its rule gives", rounds());
}

// The lower median of what counted ballots report, times the rule's multiple, at most twice and at
// least half of what it was.
RoundTerms Truth::next_terms() const {
  RoundTerms next = terms_;
  for (std::size_t t = 0; t < next.scales.size(); ++t) {
    std::vector<float> reports;
    for (const auto& [identity, entered] : tally_) reports.push_back(entered.scales[t]);
    std::ranges::sort(reports);
    const float median = reports.empty() ? 0 : reports[(reports.size() - 1) / 2];
    if (median == 0) continue;
    const BallotChoice& ballot = config_.hyper.ballot;
    const double wanted =
        std::min(ballot.rule->scale_multiple(ballot.values) * static_cast<double>(median),
                 static_cast<double>(std::numeric_limits<float>::max()));
    float& scale = next.scales[t];
    const auto old = static_cast<double>(scale);
    scale = static_cast<float>(old == 0           ? wanted
                               : wanted > 2 * old ? 2 * old
                               : wanted < old / 2 ? old / 2
                                                  : wanted);
  }
  return next;
}

void Truth::apply(const Values& decision, const coordinator::DecisionRecord& record) {
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    const float step = record.steps.empty() ? record.delta : record.steps[t];
    const std::size_t end = tensors_[t].offset + std::size_t{tensors_[t].count};
    for (std::size_t i = tensors_[t].offset; i < end; ++i) {
      const float kept = x_[i] * record.keep;
      const std::int8_t s = decision[i];
      x_[i] = s > 0 ? kept - step : s < 0 ? kept + step : kept;
    }
  }
}

void Truth::decided(const coordinator::DecisionRecord& record,
                    const coordinator::CountsRef& counts) {
  demand(record.round == rounds(), "decision {} comes after {} decisions", record.round, rounds());
  demand(!pending_, "round {} is decided twice", record.round);
  demand(record.voters == tally_.size() && record.counted.size() == tally_.size(),
         "round {} says {} voters and {} keys for {} ballots", record.round, record.voters,
         record.counted.size(), tally_.size());
  demand(record.voters >= config_.min_voters, "round {} closed with {} voters", record.round,
         record.voters);
  for (const coordinator::CountedBallot& one : record.counted) {
    const auto entered = tally_.find(one.identity);
    demand(entered != tally_.end() && entered->second.round == one.round,
           "round {} claims a ballot of {} of round {}", record.round, one.identity, one.round);
  }
  auto decision =
      decode_decision(record.votes.encoding, record.votes.planes, d_, last_ ? &*last_ : nullptr);
  demand(decision.ok(), "decision {} cannot be read", record.round);
  const Values values = this->values(*decision);
  const std::vector<std::int32_t> net = this->net();
  check_against_sum(record, values, net);
  demand(record.next == next_terms(), "round {} gives the next one other terms than follow",
         record.round);
  const bool remembers = needs_of(config_.decision).state;
  demand((record.counts_hash != 0) == remembers && (counts != nullptr) == remembers &&
             (!counts || coordinator::hash_counts(*counts) == record.counts_hash),
         "round {} keeps other counts than its rule needs", record.round);
  if (counts) {
    const auto kept = NetCounts::parse(*counts, d_);
    std::vector<std::int32_t> kept_net(d_);
    if (kept) kept->net(0, kept_net);
    demand(kept.ok() && kept->voters() == tally_.size() && kept_net == net,
           "round {} keeps other counts than its votes'", record.round);
  }
  const EncodedSigns smallest = encode_decision(*decision, last_ ? &*last_ : nullptr);
  demand(record.votes.encoding == smallest.encoding && record.votes.planes == smallest.planes,
         "decision {} has not the smallest encoding", record.round);
  const float delta =
      learning_rate(config_.schedule, config_.lr, record.round, config_.hyper.rounds);
  demand(record.delta == delta, "round {} has the rate {}, not {}", record.round, record.delta,
         delta);
  const float keep = decay_.keep(delta);
  demand(record.keep == keep && record.decay_pending == decay_.pending(),
         "round {} keeps {} of the parameters, not {}", record.round, record.keep, keep);
  apply(values, record);
  demand(record.fingerprint == psephos::fingerprint(x_),
         "decision {} names another fingerprint than it leads to", record.round);
  last_ = std::move(*decision);
  pending_ = record;
}

void Truth::committed() {
  demand(pending_.has_value(), "a commit of nothing");
  remember_counted(*pending_);
  tally_.clear();
  fingerprints_.push_back(pending_->fingerprint);
  terms_ = pending_->next;
  line_.push_back(std::move(*pending_));
  pending_.reset();
  known_.emplace(rounds(), fingerprint());
}

void Truth::checkpointed(const coordinator::Checkpoint& checkpoint) {
  demand(checkpoint.round == rounds(), "a checkpoint of round {} after {} rounds", checkpoint.round,
         rounds());
  const std::optional<EncodedSigns> last = last_ ? std::optional(encode(*last_)) : std::nullopt;
  demand(checkpoint.bytes ==
             encode_checkpoint(rounds(), x_, fingerprint(), last ? &*last : nullptr, terms_),
         "the checkpoint of round {} is another model", rounds());
  Bytes rule;
  append_state(decisions_.remembered(rounds()), rule);
  demand(checkpoint.rule == rule, "the checkpoint of round {} remembers other votes", rounds());
}

void Truth::told(std::span<const std::uint8_t> frame) {
  const auto message = wire::read_coordinator_frame(frame, kMaxParameters);
  demand(message.ok(), "the coordinator says what nobody can read");
  const auto known = [&](std::uint32_t round, std::uint64_t fingerprint, const char* what) {
    demand(round <= rounds() && fingerprints_[round] == fingerprint,
           "{} tells x_{} with fingerprint {:016x}, which is not committed", what, round,
           fingerprint);
  };
  std::visit(Overloaded{
                 [&](const wire::Welcome& welcome) {
                   known(welcome.round, welcome.fingerprint, "Welcome");
                   demand(welcome.epoch == epoch_, "Welcome speaks of epoch {}, the ledger of {}",
                          welcome.epoch, epoch_);
                   demand(welcome.round != rounds() || welcome.terms == terms_,
                          "Welcome tells other terms of round {} than follow", rounds());
                 },
                 [&](const wire::Decision& decision) {
                   known(decision.round + 1, decision.fingerprint, "Decision");
                   check_told(decision, "Decision");
                   check_slots(decision);
                 },
                 [&](const wire::Past& past) {
                   for (const wire::Decision& one : past.decisions) {
                     known(one.round + 1, one.fingerprint, "Past");
                     check_told(one, "Past");
                   }
                   if (past.chunk)
                     known(past.chunk->round, past.chunk->fingerprint, "a checkpoint");
                 },
                 [&](const wire::Finished& finished) {
                   known(finished.rounds, finished.fingerprint, "Finished");
                 },
                 // These tell of no model.
                 [](const wire::Call&) {},
                 [](const wire::Heartbeat&) {},
                 [](const wire::Refusal&) {},
                 [](const wire::UnknownMessage&) {},
             },
             *message);
}

// What no fingerprint proves: it is what was committed.
void Truth::check_told(const wire::Decision& decision, const char* what) const {
  const coordinator::DecisionRecord& record = line_[decision.round];
  demand(decision.next == record.next && decision.steps == record.steps,
         "{} tells other terms or steps of round {} than were committed", what, decision.round);
}

void Truth::numbered(const std::string& identity, std::uint32_t slot) {
  const auto [known, first] = slots_.try_emplace(slot, identity);
  demand(known->second == identity, "slot {} is given to {} and to {}", slot, known->second,
         identity);
  if (!first) return;
  const auto slots =
      std::ranges::count(slots_, identity, [](const auto& one) { return one.second; });
  demand(slots == 1, "{} is given a second slot, {}", identity, slot);
}

// The decision says by slot what its record says by identity. An identity that was not invited may
// stand in neither list.
void Truth::check_slots(const wire::Decision& decision) const {
  const coordinator::DecisionRecord& record = line_[decision.round];
  const wire::CountedSlots& told = decision.counted;
  std::map<std::string, std::uint32_t> counted;
  for (const coordinator::CountedBallot& one : record.counted)
    counted.emplace(one.identity, one.round);
  for (const auto& [slot, identity] : slots_) {
    demand(slot < told.given, "Decision {} says that slot {} was not given", record.round, slot);
    const auto found = counted.find(identity);
    const bool fresh = found != counted.end() && found->second == record.round;
    const bool listed = std::ranges::binary_search(told.slots, slot);
    demand(told.counted ? listed == fresh : !(listed && fresh),
           "Decision {} does not tell slot {} of {} what became of its ballot", record.round, slot,
           identity);
    const auto earlier = std::ranges::find(told.earlier, slot, &wire::EarlierBallot::slot);
    const bool is_earlier = found != counted.end() && found->second < record.round;
    demand(is_earlier ? earlier != told.earlier.end() && earlier->round == found->second
                      : earlier == told.earlier.end(),
           "Decision {} tells slot {} of {} of an earlier ballot otherwise than it counts",
           record.round, slot, identity);
  }
}

void Truth::restarted(const coordinator::Ledger& ledger, bool disk_lied) {
  slots_.clear();  // its slots are its own
  const std::uint32_t found = ledger.rounds();
  demand(ledger.epoch() >= epoch_ || disk_lied, "the ledger lost epoch {}", epoch_);
  epoch_ = ledger.epoch();
  if (pending_ && found == rounds() + 1) {
    const coordinator::DecisionRef record = ledger.decision(pending_->round);
    demand(record && *record == *pending_, "the ledger has another decision {} than was made",
           pending_->round);
    committed();
  }
  tally_.clear();
  demand(found <= rounds(), "the ledger has {} rounds, {} were decided", found, rounds());
  demand(found == rounds() || disk_lied, "the ledger lost rounds {} to {}, which were committed",
         found, rounds() - 1);
  if (found < rounds() || pending_) rewind(found);
  for (std::uint32_t round = 0; round < rounds(); ++round) {
    const coordinator::DecisionRef record = ledger.decision(round);
    if (!record) continue;  // out of a memory ledger's reach
    demand(*record == line_[round], "the ledger has another decision {} than was made", round);
  }
}

void Truth::remember_counted(const coordinator::DecisionRecord& record) {
  for (const coordinator::CountedBallot& one : record.counted) {
    newest_counted_[one.identity] = one.round;
  }
}

// Back to x_rounds: what followed it was never committed, or a disk lost it.
void Truth::rewind(std::uint32_t rounds) {
  if (rounds < this->rounds()) ++lines_;
  pending_.reset();
  std::vector<coordinator::DecisionRecord> kept(line_.begin(), line_.begin() + rounds);
  line_.clear();
  fingerprints_.resize(1);
  last_.reset();
  decay_ = WeightDecay(config_.weight_decay);
  newest_counted_.clear();  // a ballot of a lost round may be counted again
  terms_ = first_terms(config_, tensors_);
  std::ranges::copy(x_0_, x_.begin());
  for (coordinator::DecisionRecord& record : kept) {
    auto decision =
        decode_decision(record.votes.encoding, record.votes.planes, d_, last_ ? &*last_ : nullptr);
    apply(values(*decision), record);
    terms_ = record.next;
    decay_.keep(record.delta);
    last_ = std::move(*decision);
    fingerprints_.push_back(record.fingerprint);
    remember_counted(record);
    line_.push_back(std::move(record));
  }
}

// ---- clients ------------------------------------------------------------------------------------

void Truth::voted(std::size_t client, std::uint32_t life, std::uint64_t replica,
                  const wire::Ballot& ballot) {
  const std::uint64_t reports =
      XXH3_64bits_withSeed(ballot.scales.data(), ballot.scales.size() * sizeof(float),
                           static_cast<std::uint64_t>(ballot.encoding));
  const std::uint64_t hash =
      XXH3_64bits_withSeed(ballot.planes.data(), ballot.planes.size(), reports);
  const auto [known, first] =
      ballots_.try_emplace({client, life, lines_, lines_ > 1 ? replica : 0, ballot.round}, hash);
  demand(first || known->second == hash, "client {} has two ballots for round {}", client,
         ballot.round);
}

void Truth::settled(const std::string& identity, std::uint32_t round, bool counted) const {
  const auto counts_it = [&](const coordinator::DecisionRecord& record) {
    return std::ranges::find(record.counted, coordinator::CountedBallot{identity, round}) !=
           record.counted.end();
  };
  if (counted) {
    // A ballot counts in its own round, or in one of the few after it that take it.
    const std::size_t first = std::min<std::size_t>(round, line_.size());
    const std::size_t last =
        std::min<std::size_t>(first + config_.hyper.staleness + 1, line_.size());
    demand(std::ranges::any_of(line_.begin() + static_cast<std::ptrdiff_t>(first),
                               line_.begin() + static_cast<std::ptrdiff_t>(last), counts_it),
           "client {} believes that its ballot of round {} was counted, and no decision counts it",
           identity, round);
  } else if (round < rounds()) {
    demand(
        !counts_it(line_[round]),
        "client {} believes that its ballot of round {} was not counted, and the decision counts "
        "it",
        identity, round);
  }
}

void Truth::reported(std::size_t client, std::uint32_t round, std::uint64_t fingerprint) const {
  demand(known_.contains({round, fingerprint}),
         "client {} reports round {} with fingerprint {:016x}, which nobody decided", client, round,
         fingerprint);
}

}  // namespace psephos::proving
