#include "coordinator/core/coordinator.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "coordinator/core/start.h"
#include "coordinator/counting/cpu_counter.h"
#include "coordinator/ledger/past.h"
#include "platforms/kernels/environment.h"
#include "runtime/base/overloaded.h"

namespace psephos::coordinator {
namespace {

SessionOptions session_options(const CoordinatorOptions& options, const Ledger& ledger,
                               const CountingRoom& counting, std::vector<CountedBallot> counted) {
  SessionOptions session;
  session.config = options.config;
  session.tensors = options.tensors;
  session.run = ledger.run()->run;
  session.session = options.session;
  session.round = ledger.rounds();
  session.epoch = ledger.epoch();
  session.fingerprint = counting.fingerprint();
  session.terms = counting.terms();
  session.durable = options.durable;
  session.data_manifest = options.data_manifest;
  session.held_out = options.held_out;
  session.x0_given = ledger.run()->x0_given;
  session.counted = std::move(counted);
  return session;
}

template <class T>
T needed(Result<T> result) {
  if (!result) throw LedgerFailed(result.error().text);
  return std::move(result).value();
}

CountingRoom make_room(const CounterMaker& maker, const CoordinatorOptions& options, Start& start,
                       std::uint32_t round) {
  CounterStart begin{options.config, options.tensors, std::move(start.x),
                     round,          options.threads, std::move(start.carried.rule)};
  std::unique_ptr<VoteCounter> counter =
      maker ? maker(std::move(begin)) : std::make_unique<CpuCounter>(std::move(begin));
  return CountingRoom(options.config, std::move(counter), round, std::move(start.carried));
}

}  // namespace

Coordinator::Coordinator(CoordinatorOptions options, std::unique_ptr<Ledger> ledger, Outlet& outlet,
                         Hands hands)
    : Coordinator(options, ledger, outlet, hands, needed(start_run(options, *ledger))) {}

Coordinator::Coordinator(CoordinatorOptions& options, std::unique_ptr<Ledger>& ledger,
                         Outlet& outlet, Hands& hands, Start start)
    : options_(std::move(options)),
      ledger_(std::move(ledger)),
      outlet_(outlet),
      first_round_(ledger_->rounds()),
      past_(options_.session, ledger_->run()->run),
      reader_(std::move(hands.reader)),
      counting_(make_room(hands.make_counter, options_, start, ledger_->rounds())),
      session_(session_options(options_, *ledger_, counting_, std::move(start.counted))) {
  options_.run = ledger_->run()->run;
  options_.x_0 = {};  // the first checkpoint has it
  // The process before may have ended between a decision and its checkpoint.
  if (ledger_->newest_checkpoint()->round != counting_.round()) take_checkpoint_if_due();
}

void Coordinator::handle(const Event& event, Instant now) {
  if (const auto* arrived = std::get_if<FrameArrived>(&event)) bytes_up_ += arrived->frame->size();
  if (const auto* lost = std::get_if<TallyLost>(&event)) {
    if (lost->round == counting_.round()) counting_.lose_tally();
  } else {
    events_.push_back(event);
  }
  settle(now);
}

void Coordinator::collect(Instant now) { settle(now); }

void Coordinator::settle(Instant now) {
  const kernels::FloatEnvironment environment;
  while (const std::optional<Event> event = next_event()) {
    for (const Action& action : session_.step(*event, now)) {
      std::visit([this](const auto& one) { perform(one); }, action);
    }
  }
}

// The counter's answers come last, and the machine hears of each before anything else happens: a
// ballot that is counted between a loss and TallyLost would be asked for again.
std::optional<Event> Coordinator::next_event() {
  if (!events_.empty()) {
    Event first = std::move(events_.front());
    events_.pop_front();
    return first;
  }
  if (std::optional<BallotRead> read = reader_->take()) return *std::move(read);
  if (std::optional<CountingOutcome> outcome = counting_.take()) {
    return std::visit(
        Overloaded{
            [](ClosedRound& closed) -> Event { return RoundClosed{std::move(closed)}; },
            [](const BallotsLost& lost) -> Event { return TallyLost{lost.round}; },
        },
        *outcome);
  }
  return std::nullopt;
}

void Coordinator::perform(const SendFrame& action) {
  bytes_down_ += action.frame->size();
  outlet_.send(action.peer, action.frame);
}

void Coordinator::perform(const ReadBallot& action) { reader_->read(action); }

void Coordinator::perform(const CountBallot& action) {
  const CountedBallot ballot{action.identity, action.round};
  counting_.count(ballot, action.signs, action.scales);
  outlet_.ballot_counted(ballot, action.signs, action.scales);
}

void Coordinator::perform(const CloseTally&) { counting_.close(); }

void Coordinator::perform(const Commit& action) {
  needed(ledger_->commit(action.record, action.membership, action.counts));
  take_checkpoint_if_due();
  events_.push_back(Committed{action.record->round});
}

void Coordinator::take_checkpoint_if_due() {
  if (counting_.round() % kCheckpointEvery != 0) return;
  needed(ledger_->add_checkpoint(counting_.checkpoint()));
}

void Coordinator::perform(const CommitEpoch& action) {
  needed(ledger_->begin_epoch(action.record));
}

// All that the asker needs to know is whether its ballot of the round that it holds was counted.
// Older ones are not named, so that all who hold that round are answered with the same one or two
// frames.
std::uint32_t Coordinator::counted_through(const AnswerCatchUp& action) {
  const std::uint32_t newest = action.asker.counted_through;
  const std::uint32_t held = action.request.have_round;
  if (held == wire::kNoRound) {
    // The transfer's first chunk said it.
    return action.request.checkpoint == wire::kNoRound ? newest : wire::kNoRound;
  }
  if (held == newest) return newest;
  if (held >= ledger_->rounds() || !may_have_forgotten(action)) return wire::kNoRound;
  const bool counted =
      needed(ledger_->is_counted(action.identity, held, options_.config.hyper.staleness));
  return counted ? held : wire::kNoRound;
}

// Can a ballot of the round that the asker holds have been counted, and the machine not know it? It
// knows the newest counted ballot of every member, which every other is older than; nothing of
// rounds before this process, but for the newest; and nothing of members that it forgot, which it
// only does when all places are taken.
bool Coordinator::may_have_forgotten(const AnswerCatchUp& action) const {
  const std::uint32_t held = action.request.have_round;
  if (action.asker.counted_through != wire::kNoRound) return held < action.asker.counted_through;
  return held < first_round_ || session_.clients() >= options_.config.max_clients;
}

void Coordinator::perform(const AnswerCatchUp& action) {
  Asker asker = action.asker;
  asker.counted_through = counted_through(action);
  const Frame past = past_.answer(*ledger_, action.request, asker);
  if (past) perform(SendFrame{action.peer, past});
}

void Coordinator::perform(const EvaluateHeldOut& action) {
  const std::span<const float> x = counting_.parameters();
  outlet_.evaluate(action.round, std::make_shared<const AlignedVector<float>>(x.begin(), x.end()));
}

void Coordinator::perform(const RoundFinished& action) {
  RoundRow row = action.row;
  row.bytes_up = bytes_up_;
  row.bytes_down = bytes_down_;
  outlet_.round_finished(row);
}

void Coordinator::perform(const EvaluationKnown& action) { outlet_.evaluation_known(action.row); }

void Coordinator::perform(const Note& action) {
  action.weighty ? outlet_.note_weighty(action.text) : outlet_.note(action.text);
}

void Coordinator::perform(const End& action) { because_ = action.because; }

Summary Coordinator::summary() const {
  const TrafficTotals& traffic = session_.traffic();
  const auto d = static_cast<double>(counting_.size());
  const auto bits = [d](std::uint64_t bytes, std::uint64_t messages) {
    return messages == 0 ? 0.0
                         : 8.0 * static_cast<double>(bytes) / (static_cast<double>(messages) * d);
  };
  Summary summary;
  summary.interrupted = because_ != "finished";
  summary.stopped_because = because_;
  summary.rounds = session_.round();
  summary.d = counting_.size();
  summary.clients = session_.clients();
  summary.bits_up_per_parameter = bits(traffic.ballot_plane_bytes, traffic.ballots);
  summary.bits_down_per_parameter = bits(traffic.decision_plane_bytes, traffic.decisions);
  summary.frame_overhead_up = traffic.ballot_overhead_max;
  summary.frame_overhead_down = traffic.decision_overhead_max;
  summary.ballots_counted = traffic.ballots;
  summary.decisions_sent = traffic.decisions_sent;
  summary.bytes_up = bytes_up_;
  summary.bytes_down = bytes_down_;
  summary.fingerprint = session_.fingerprint();
  summary.seed = options_.config.hyper.seed;
  summary.run = options_.run;
  return summary;
}

}  // namespace psephos::coordinator
