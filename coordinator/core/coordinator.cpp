#include "coordinator/core/coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "coordinator/core/start.h"
#include "coordinator/ledger/past.h"
#include "platforms/kernels/environment.h"
#include "runtime/base/check.h"

namespace psephos::coordinator {
namespace {

SessionOptions session_options(const CoordinatorOptions& options, const Ledger& ledger,
                               std::uint64_t fingerprint, std::vector<CountedBallot> counted) {
  SessionOptions session;
  session.config = options.config;
  session.tensors = options.tensors;
  session.run = ledger.run()->run;
  session.session = options.session;
  session.round = ledger.rounds();
  session.epoch = ledger.epoch();
  session.fingerprint = fingerprint;
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

}  // namespace

Coordinator::Coordinator(CoordinatorOptions options, std::unique_ptr<Ledger> ledger, Outlet& outlet)
    : Coordinator(options, ledger, outlet, needed(start_run(options, *ledger))) {}

Coordinator::Coordinator(CoordinatorOptions& options, std::unique_ptr<Ledger>& ledger,
                         Outlet& outlet, Start start)
    : options_(std::move(options)),
      ledger_(std::move(ledger)),
      outlet_(outlet),
      first_round_(ledger_->rounds()),
      past_(options_.session, ledger_->run()->run),
      counting_(options_.config, std::move(start.x), ledger_->rounds(), options_.threads,
                std::move(start.carried)),
      session_(session_options(options_, *ledger_, counting_.replica().fingerprint(),
                               std::move(start.counted))) {
  options_.run = ledger_->run()->run;
  options_.x_0 = {};  // the first checkpoint has it
  // The process before may have ended between a decision and its checkpoint.
  if (ledger_->newest_checkpoint()->round != counting_.round()) take_checkpoint_if_due();
}

void Coordinator::handle(const Event& event, Instant now) {
  const kernels::FloatEnvironment environment;
  if (const auto* arrived = std::get_if<FrameArrived>(&event)) bytes_up_ += arrived->frame->size();
  if (const auto* lost = std::get_if<TallyLost>(&event); lost && lost->round == counting_.round()) {
    counting_.lose_tally();  // what is left of it must not be counted twice
  }
  std::deque<Event> events{event};
  while (!events.empty()) {
    for (const Action& action : session_.step(events.front(), now)) {
      std::visit([this](const auto& one) { perform(one); }, action);
    }
    events.pop_front();
    for (Event& next : std::exchange(follow_up_, {})) events.push_back(std::move(next));
  }
}

void Coordinator::perform(const SendFrame& action) {
  bytes_down_ += action.frame->size();
  outlet_.send(action.peer, action.frame);
}

void Coordinator::perform(const CountBallot& action) {
  const CountedBallot ballot{action.identity, action.round};
  counting_.count(ballot, action.signs);
  outlet_.ballot_counted(ballot, action.signs);
}

void Coordinator::perform(const CloseTally&) {
  follow_up_.push_back(RoundClosed{counting_.close()});
}

void Coordinator::perform(const Commit& action) {
  needed(ledger_->commit(action.record, action.membership));
  take_checkpoint_if_due();
  follow_up_.push_back(Committed{action.record->round});
}

void Coordinator::take_checkpoint_if_due() {
  if (counting_.round() % kCheckpointEvery != 0) return;
  needed(ledger_->add_checkpoint(counting_.checkpoint()));
}

void Coordinator::perform(const CommitEpoch& action) {
  needed(ledger_->begin_epoch(action.record));
}

void Coordinator::perform(const AnswerCatchUp& action) {
  const Frame past = past_.answer(*ledger_, action.request);
  if (past) perform(SendFrame{action.peer, past});
}

void Coordinator::perform(const EvaluateHeldOut& action) {
  const std::span<const float> x = counting_.replica().parameters();
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
  const auto d = static_cast<double>(replica().size());
  const auto bits = [d](std::uint64_t bytes, std::uint64_t messages) {
    return messages == 0 ? 0.0
                         : 8.0 * static_cast<double>(bytes) / (static_cast<double>(messages) * d);
  };
  Summary summary;
  summary.interrupted = because_ != "finished";
  summary.stopped_because = because_;
  summary.rounds = session_.round();
  summary.d = replica().size();
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
