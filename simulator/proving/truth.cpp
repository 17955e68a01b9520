#include "simulator/proving/truth.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <variant>

#include "runtime/base/philox.h"
#include "runtime/replica/checkpoint.h"
#include "runtime/replica/fingerprint.h"
#include "runtime/signs/ballot_codec.h"
#include "runtime/signs/decision_codec.h"
#include "runtime/wire/limits.h"

namespace psephos::proving {
namespace {

// Throws Violation with a formatted text where `holds` is false.
template <class... Args>
void demand(bool holds, fmt::format_string<Args...> otherwise, Args&&... args) {
  if (!holds) throw Violation(fmt::format(otherwise, std::forward<Args>(args)...));
}

}  // namespace

Truth::Truth(RunConfig config, std::span<const float> x_0)
    : config_(std::move(config)),
      d_(x_0.size()),
      x_0_(x_0.begin(), x_0.end()),
      x_(x_0.begin(), x_0.end()),
      decay_(config_.weight_decay) {
  fingerprints_.push_back(psephos::fingerprint(x_));
  known_.emplace(0, fingerprints_.back());
}

// ---- the coordinator ----------------------------------------------------------------------------

void Truth::counted(const coordinator::CountedBallot& ballot, const SignsView& signs) {
  const std::uint32_t open = rounds();
  const auto& [identity, round] = ballot;
  demand(signs.parameters == d_, "a ballot of {} is of another model", identity);
  demand(!tally_.contains(identity), "{} is counted twice in round {}", identity, open);
  demand(round <= open && open - round <= config_.hyper.staleness,
         "a ballot of round {} is counted in round {}", round, open);
  const auto newest = newest_counted_.find(identity);
  demand(newest == newest_counted_.end() || round > newest->second,
         "a ballot of {} of round {} is counted a second time", identity, round);
  tally_.emplace(identity, Entered{round, values(signs)});
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

void Truth::check_against_sum(const Values& decision) const {
  const std::vector<std::int32_t> net = this->net();
  const std::uint64_t voters = tally_.size();
  const bool quorum = config_.decision.kind == DecisionRule::Kind::kQuorum;
  for (std::size_t i = 0; i < d_; ++i) {
    const auto margin = static_cast<std::uint64_t>(std::abs(net[i]));
    const bool enough =
        net[i] != 0 && (!quorum || margin * 1'000'000 >= config_.decision.quorum_ppm * voters);
    const int expected = !enough ? 0 : net[i] > 0 ? 1 : -1;
    if (expected == 0 && config_.downlink == Downlink::kBinary) continue;  // the coin's business
    demand(decision[i] == expected,
           "round {}, parameter {}: {} votes sum to {}, which decides {}, not {}", rounds(), i,
           voters, net[i], expected, decision[i]);
  }
}

void Truth::apply(const Values& decision, float delta, float keep) {
  for (std::size_t i = 0; i < d_; ++i) {
    const float kept = x_[i] * keep;
    const std::int8_t s = decision[i];
    x_[i] = s > 0 ? kept - delta : s < 0 ? kept + delta : kept;
  }
}

void Truth::decided(const coordinator::DecisionRecord& record) {
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
  check_against_sum(values);
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
  apply(values, record.delta, record.keep);
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
  line_.push_back(std::move(*pending_));
  pending_.reset();
  known_.emplace(rounds(), fingerprint());
}

void Truth::checkpointed(const coordinator::Checkpoint& checkpoint) {
  demand(checkpoint.round == rounds(), "a checkpoint of round {} after {} rounds", checkpoint.round,
         rounds());
  const std::optional<EncodedSigns> last = last_ ? std::optional(encode(*last_)) : std::nullopt;
  demand(
      checkpoint.bytes == encode_checkpoint(rounds(), x_, fingerprint(), last ? &*last : nullptr),
      "the checkpoint of round {} is another model", rounds());
}

void Truth::told(std::span<const std::uint8_t> frame) {
  const auto message = wire::read_coordinator_frame(frame, kMaxParameters);
  demand(message.ok(), "the coordinator says what nobody can read");
  const auto known = [&](std::uint32_t round, std::uint64_t fingerprint, const char* what) {
    demand(round <= rounds() && fingerprints_[round] == fingerprint,
           "{} tells x_{} with fingerprint {:016x}, which is not committed", what, round,
           fingerprint);
  };
  if (const auto* welcome = std::get_if<wire::Welcome>(&*message)) {
    known(welcome->round, welcome->fingerprint, "Welcome");
    demand(welcome->epoch == epoch_, "Welcome speaks of epoch {}, the ledger of {}", welcome->epoch,
           epoch_);
  } else if (const auto* decision = std::get_if<wire::Decision>(&*message)) {
    known(decision->round + 1, decision->fingerprint, "Decision");
  } else if (const auto* past = std::get_if<wire::Past>(&*message)) {
    for (const wire::Decision& one : past->decisions) known(one.round + 1, one.fingerprint, "Past");
    if (past->chunk) known(past->chunk->round, past->chunk->fingerprint, "a checkpoint");
  } else if (const auto* finished = std::get_if<wire::Finished>(&*message)) {
    known(finished->rounds, finished->fingerprint, "Finished");
  }
}

void Truth::restarted(const coordinator::Ledger& ledger, bool disk_lied) {
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
  std::ranges::copy(x_0_, x_.begin());
  for (coordinator::DecisionRecord& record : kept) {
    auto decision =
        decode_decision(record.votes.encoding, record.votes.planes, d_, last_ ? &*last_ : nullptr);
    apply(values(*decision), record.delta, record.keep);
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
  const std::uint64_t hash = XXH3_64bits_withSeed(ballot.planes.data(), ballot.planes.size(),
                                                  static_cast<std::uint64_t>(ballot.encoding));
  const auto [known, first] =
      ballots_.try_emplace({client, life, lines_, lines_ > 1 ? replica : 0, ballot.round}, hash);
  demand(first || known->second == hash, "client {} has two ballots for round {}", client,
         ballot.round);
}

void Truth::reported(std::size_t client, std::uint32_t round, std::uint64_t fingerprint) const {
  demand(known_.contains({round, fingerprint}),
         "client {} reports round {} with fingerprint {:016x}, which nobody decided", client, round,
         fingerprint);
}

}  // namespace psephos::proving
