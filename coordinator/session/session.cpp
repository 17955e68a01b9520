#include "coordinator/session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "coordinator/session/draw.h"
#include "runtime/signs/ballot_codec.h"

namespace psephos::coordinator {

Session::Session(SessionOptions options)
    : options_(std::move(options)),
      members_(options_.config.max_clients),
      epoch_(options_.epoch),
      round_(options_.round),
      fingerprint_(options_.fingerprint) {}

Actions Session::step(const Event& event, Instant now) {
  actions_.clear();
  if (phase_ == Phase::kEnded) return {};
  if (std::holds_alternative<Started>(event)) {
    started_at_ = opened_at_ = next_roll_call_ = now;
    if (round_ >= options_.config.hyper.rounds) begin_finish(now, kFinishWait, "finished");
  } else if (const auto* arrived = std::get_if<FrameArrived>(&event)) {
    on_frame(*arrived, now);
  } else if (std::holds_alternative<Tick>(event)) {
    on_tick(now);
  } else if (const auto* closed = std::get_if<RoundClosed>(&event)) {
    on_closed(closed->closed);
  } else if (const auto* committed = std::get_if<Committed>(&event)) {
    on_committed(committed->round, now);
  } else if (const auto* evaluated = std::get_if<HeldOutEvaluated>(&event)) {
    on_held_out(*evaluated);
  } else if (const auto* lost = std::get_if<TallyLost>(&event)) {
    if (lost->round == round_) on_tally_lost(now);
  } else {
    on_stop(now);
  }
  advance(now);
  return std::exchange(actions_, {});
}

Instant Session::next_tick() const {
  switch (phase_) {
    case Phase::kOpen:
      return std::min(deadline_, next_roll_call_);
    case Phase::kFinishing:
      // The end waits for an evaluation however late it is: that wakes the machine by itself.
      return held_out_pending_ > 0 ? next_roll_call_ : std::min(finish_by_, next_roll_call_);
    case Phase::kEnded:
      return Instant::max();
    default:
      return next_roll_call_;
  }
}

// ---- frames ------------------------------------------------------------------------------------

void Session::on_frame(const FrameArrived& arrived, Instant now) {
  const auto message = wire::read_client_frame(*arrived.frame, parameter_count(options_.tensors));
  if (message) {
    if (const auto* join = std::get_if<wire::Join>(&*message)) {
      on_join(arrived, *join, now);
      return;
    }
  }
  Member* member = members_.by_peer(arrived.peer);
  if (member == nullptr) {
    if (!members_.is_retired(arrived.peer)) {
      refuse(arrived.peer, wire::RefusalCode::kRejoin, "say Join first");
    }
    return;
  }
  if (!arrived.key.empty() && arrived.key != member->identity) return;
  if (!message) {
    refuse(arrived.peer, wire::RefusalCode::kMalformed, message.error().text);
    return;
  }
  const auto session = std::visit(
      [](const auto& value) -> std::uint64_t {
        if constexpr (requires { value.session; }) return value.session;
        return 0;
      },
      *message);
  if (session != options_.session) return;
  member->last_heard = now;
  if (!member->live) {
    if (member->left) return;
    back(*member);
  }
  if (const auto* ballot = std::get_if<wire::Ballot>(&*message)) {
    on_message(*member, *ballot, arrived.frame, now);
  } else if (const auto* request = std::get_if<wire::CatchUp>(&*message)) {
    on_message(*member, *request, now);
  } else if (const auto* evaluation = std::get_if<wire::Evaluation>(&*message)) {
    on_message(*member, *evaluation);
  } else if (std::holds_alternative<wire::Heartbeat>(*message)) {
    on_heartbeat(*member);
  } else if (const auto* leave = std::get_if<wire::Leave>(&*message)) {
    on_message(*member, *leave);
  }
}

void Session::on_join(const FrameArrived& arrived, const wire::Join& join, Instant now) {
  if (join.protocol_min > wire::kProtocol || join.protocol_max < wire::kProtocol) {
    refuse(arrived.peer, wire::RefusalCode::kProtocol,
           fmt::format("this coordinator speaks protocol {}, the client {} to {}: install the same "
                       "version of Psephos on both",
                       wire::kProtocol, join.protocol_min, join.protocol_max));
    return;
  }
  if (join.run != wire::kAnyRun && join.run != options_.run) {
    refuse(arrived.peer, wire::RefusalCode::kOtherRun,
           fmt::format("this coordinator leads run {}, not {}", format_hex(options_.run),
                       format_hex(join.run)));
    return;
  }
  if (options_.data_manifest != 0 && join.data_manifest != 0 &&
      join.data_manifest != options_.data_manifest) {
    refuse(arrived.peer, wire::RefusalCode::kOtherData,
           "this client's part is of another partition: start it with the coordinator's --dataset, "
           "--partition and --seed and the same number of parts");
    return;
  }
  const std::string& identity = arrived.key.empty() ? join.name : arrived.key;
  if (Member* before = members_.by_peer(arrived.peer); before && before->identity != identity) {
    gone(*before);
  }
  Member* member = members_.join(identity, arrived.peer, now);
  if (member == nullptr) {
    refuse(arrived.peer, wire::RefusalCode::kBusy,
           fmt::format("all {} places are taken (--max-clients)", options_.config.max_clients),
           kBusyWaitMs * 30);
    return;
  }
  member->row.samples = join.samples;
  // Rounds of an older epoch were given up when this one began.
  const bool ahead = join.have_round != wire::kNoRound && join.run == options_.run &&
                     join.have_round > round_ && join.epoch >= epoch_;
  if (ahead && !std::exchange(epoch_raised_, true)) {
    ++epoch_;
    note(fmt::format(
        "client {} holds round {}, the ledger ends at {}: {} rounds were lost; epoch {} "
        "begins here and clients that are ahead take the checkpoint",
        member->identity, join.have_round, round_, join.have_round - round_, epoch_));
  }
  if (phase_ == Phase::kWaiting && everybody_votes() && !member->invited) {
    member->invited = true;
  } else if (phase_ == Phase::kOpen && everybody_votes()) {
    member->invited = true;  // its ballot counts if it comes in time, but nobody waits for it
  }
  send(arrived.peer, welcome_for(*member));
  if (phase_ == Phase::kFinishing) send_finished(arrived.peer);
}

void Session::on_message(Member& member, const wire::Ballot& ballot, const Frame& frame, Instant) {
  if (ballot.run != options_.run || ballot.round > round_) return;
  const bool counting = phase_ == Phase::kOpen || phase_ == Phase::kWaiting;
  const bool duplicate =
      member.voted || (member.counted_round && ballot.round <= *member.counted_round);
  if (duplicate) return;
  if (!counting || !acceptable(member, ballot)) {
    const bool late = ballot.round < round_ || phase_ == Phase::kClosing;
    // Sent again, it is still the same ballot.
    if (late && (!member.late_round || ballot.round > *member.late_round)) {
      member.late_round = ballot.round;
      ++member.row.late;
    }
    return;
  }
  if (ballot.encoding == Encoding::kNone) {
    if (ballot.round == round_) answered(member);
    return;
  }
  const std::size_t d = parameter_count(options_.tensors);
  const auto voted = check_planes(ballot.encoding, ballot.planes, d);
  const bool wrong_kind =
      options_.config.downlink == Downlink::kBinary && ballot.encoding != Encoding::kBinary;
  if (!voted || wrong_kind) {
    answered(member);  // it will not get better by waiting
    refuse(member.peer, wire::RefusalCode::kMalformed,
           voted ? "this run's downlink is binary: ballots may not abstain" : voted.error().text);
    return;
  }
  member.voted = true;
  member.ballot_round = ballot.round;
  ++voters_;
  loss_sum_ += ballot.loss;
  entries_voted_ += *voted;
  ++traffic_.ballots;
  traffic_.ballot_plane_bytes += ballot.planes.size();
  traffic_.ballot_overhead_max =
      std::max<std::uint64_t>(traffic_.ballot_overhead_max, frame->size() - ballot.planes.size());
  answered(member);
  actions_.push_back(CountBallot{member.identity, ballot, frame});
}

// Fresh or at most `staleness` rounds old, from somebody who was asked for that round.
bool Session::acceptable(const Member& member, const wire::Ballot& ballot) const {
  const std::uint32_t age = round_ - ballot.round;
  if (age > options_.config.hyper.staleness) return false;
  return age == 0 ? member.invited : ((member.invited_before >> (age - 1)) & 1) != 0;
}

void Session::on_message(Member& member, const wire::CatchUp& request, Instant now) {
  if (!Members::allow_catch_up(member, now)) {
    refuse(member.peer, wire::RefusalCode::kBusy, "too many catch-up requests", kBusyWaitMs);
    return;
  }
  actions_.push_back(AnswerCatchUp{member.peer, request});
  if (phase_ == Phase::kFinishing) send_finished(member.peer);
}

void Session::on_message(Member& member, const wire::Evaluation& evaluation) {
  if (!options_.config.client_eval || evaluation.round != evaluation_round_) return;
  if (evaluation.samples == 0) return;
  evaluations_[member.identity] = evaluation;
}

void Session::on_heartbeat(const Member& member) {
  send(member.peer, wire::Heartbeat{options_.session, round_});
  if (phase_ == Phase::kFinishing) send_finished(member.peer);
}

void Session::on_message(Member& member, const wire::Leave& leave) {
  member.left = true;
  gone(member);
  if (leave.reason != wire::LeaveReason::kFinished) {
    note(fmt::format("client {} left{}", member.identity,
                     leave.reason == wire::LeaveReason::kFailed ? ": it cannot take part" : ""));
  }
}

// ---- the round ---------------------------------------------------------------------------------

void Session::answered(Member& member) {
  if (member.answered) return;
  member.answered = true;
  if (member.expected) --outstanding_;
}

void Session::gone(Member& member) {
  members_.set_live(member, false);
  if (std::exchange(member.expected, false) && !member.answered) --outstanding_;
}

// Heard again after a silence. It may have missed the opening, and nobody but a Call would invite
// it then.
void Session::back(Member& member) {
  members_.set_live(member, true);
  if (phase_ == Phase::kOpen && everybody_votes() && !std::exchange(member.invited, true)) {
    call(member);
  }
}

// Derives from what is known what has to happen now.
void Session::advance(Instant now) {
  const RunConfig& config = options_.config;
  if (phase_ == Phase::kWaiting) {
    if (members_.live() < std::max(config.min_voters, config.min_clients)) return;
    phase_ = Phase::kOpen;
    started_at_ = opened_at_ = now;
    deadline_ = now + std::chrono::milliseconds(config.deadline_ms);
    invite(now);
    if (!everybody_votes()) {
      for (const auto& [identity, member] : members_.all()) {
        if (member.invited) call(member);
      }
    }
  }
  if (phase_ == Phase::kOpen && voters_ >= config.min_voters) {
    const bool all_answered = outstanding_ == 0;
    const bool enough = config.target_voters != 0 && voters_ >= config.target_voters;
    if (all_answered || enough || overdue_ || now >= deadline_) {
      phase_ = Phase::kClosing;
      actions_.push_back(CloseTally{round_});
    }
  }
  if (phase_ == Phase::kFinishing && held_out_pending_ == 0) {
    const bool all_done = members_.live() == 0;
    if (all_done || now >= finish_by_) {
      flush_client_evaluations();
      phase_ = Phase::kEnded;
      actions_.push_back(End{because_});
    }
  }
}

// Draws the open round's voters from those who are live, and expects them.
void Session::invite(Instant) {
  const RunConfig& config = options_.config;
  std::vector<std::string> live;
  for (auto& [identity, member] : members_.all()) {
    if (member.live) live.push_back(identity);
  }
  if (!everybody_votes()) {
    live =
        draw(live,
             draw_size(config.fraction, config.min_voters, static_cast<std::uint32_t>(live.size())),
             run_key(), round_, draws_++);
  }
  outstanding_ = 0;
  for (const std::string& identity : live) {
    Member& member = *members_.find(identity);
    member.invited = true;
    member.expected = true;
    if (!member.answered) ++outstanding_;
  }
  expected_ = static_cast<std::uint32_t>(live.size());
}

void Session::open_round(Instant now) {
  phase_ = Phase::kOpen;
  opened_at_ = now;
  deadline_ = now + std::chrono::milliseconds(options_.config.deadline_ms);
  draws_ = 0;
  overdue_ = false;
  voters_ = 0;
  loss_sum_ = 0;
  entries_voted_ = 0;
  invite(now);
}

// The deadline passed with too few ballots: the round stays open, and those who can still help are
// called.
void Session::deadline_passed(Instant now) {
  const RunConfig& config = options_.config;
  note(fmt::format("round {} has {} of the {} ballots it needs: waiting on", round_, voters_,
                   config.min_voters));
  overdue_ = true;
  deadline_ = now + std::chrono::milliseconds(config.deadline_ms);
  std::vector<std::string> others;
  std::uint32_t asked_again = 0;
  for (auto& [identity, member] : members_.all()) {
    if (!member.live || member.answered) continue;
    if (member.invited) {
      call(member);  // its ballot, or our invitation, may have been lost
      ++asked_again;
    } else {
      others.push_back(identity);
    }
  }
  if (everybody_votes() || others.empty()) return;
  const std::uint32_t wanted = draw_size(config.fraction, config.min_voters, members_.live());
  for (const std::string& identity :
       draw(others, wanted > voters_ ? wanted - voters_ : 1, run_key(), round_, draws_++)) {
    Member& member = *members_.find(identity);
    member.invited = true;
    member.expected = true;
    ++outstanding_;
    call(member);
  }
}

void Session::on_closed(const ClosedRound& closed) {
  if (phase_ != Phase::kClosing || closed.record->round != round_) return;
  closed_ = closed;
  actions_.push_back(Commit{closed.record});
}

void Session::on_committed(std::uint32_t round, Instant now) {
  if (phase_ != Phase::kClosing || !closed_ || round != round_) return;
  const DecisionRef record = closed_->record;
  close_round_books(now);
  closed_.reset();
  round_ = record->round + 1;
  fingerprint_ = record->fingerprint;
  const bool last = round_ >= options_.config.hyper.rounds;
  const bool stopping = stops_ > 0;
  if (!last && !stopping) open_round(now);
  if (evaluation_due()) {
    flush_client_evaluations();
    evaluation_round_ = round_;
  }
  broadcast(*record);
  if (evaluation_due()) evaluate_held_out();
  if (last || stopping) {
    begin_finish(now, stopping ? kInterruptWait : kFinishWait, last ? "finished" : "interrupted");
    if (stops_ > 1) wait_for_nobody(now);
  }
}

// Enters the closed round into everybody's record and into the report.
void Session::close_round_books(Instant now) {
  for (const auto& [identity, agreement] : closed_->agreement) {
    if (Member* member = members_.find(identity)) {
      member->agreement_sum += agreement;
      ++member->agreement_count;
    }
  }
  for (auto& [identity, member] : members_.all()) {
    if (member.voted) {
      ++member.row.counted;
      member.counted_round = member.ballot_round;
    }
    if (member.invited) {
      ++member.row.invited;
      if (!member.voted) ++member.row.absent;
    }
    member.invited_before = (member.invited_before << 1) | (member.invited ? 1u : 0u);
    member.invited = member.expected = member.answered = member.voted = false;
  }
  const auto entries = static_cast<double>(parameter_count(options_.tensors)) * voters_;
  RoundRow row;
  row.round = round_ + 1;
  row.seconds = std::chrono::duration<double>(now - started_at_).count();
  row.delta = static_cast<double>(closed_->record->delta);
  row.train_loss = loss_sum_ / voters_;
  row.voters = voters_;
  row.expected = expected_;
  row.abstained = 1.0 - static_cast<double>(entries_voted_) / entries;
  row.decided = closed_->decided;
  row.fingerprint = closed_->record->fingerprint;
  actions_.push_back(RoundFinished{row});
}

// Two frames at most, shared by all who get them; or a call to those drawn, who pull what they
// miss.
void Session::broadcast(const DecisionRecord& record) {
  ++traffic_.decisions;
  traffic_.decision_plane_bytes += record.votes.planes.size();
  wire::Decision decision;
  decision.session = options_.session;
  decision.run = options_.run;
  decision.round = record.round;
  decision.delta = record.delta;
  decision.keep = record.keep;
  decision.encoding = record.votes.encoding;
  decision.planes = record.votes.planes;
  decision.voters = record.voters;
  decision.fingerprint = record.fingerprint;
  decision.evaluate = options_.config.client_eval && evaluation_due();
  Frame to_voters;
  Frame to_others;
  for (auto& [identity, member] : members_.all()) {
    if (!member.live) continue;
    if (options_.config.hyper.audience == Audience::kDrawn) {
      if (member.invited) call(member);
      continue;
    }
    Frame& frame = member.invited ? to_voters : to_others;
    if (!frame) {
      decision.vote = member.invited;
      frame = wire::build(decision);
      traffic_.decision_overhead_max = std::max<std::uint64_t>(
          traffic_.decision_overhead_max, frame->size() - record.votes.planes.size());
    }
    ++traffic_.decisions_sent;
    actions_.push_back(SendFrame{member.peer, frame});
  }
}

void Session::on_tally_lost(Instant now) {
  const bool undecided = phase_ == Phase::kClosing && !closed_;
  if (phase_ != Phase::kOpen && phase_ != Phase::kWaiting && !undecided) return;
  if (undecided) phase_ = Phase::kOpen;
  if (stops_ > 0) {
    begin_finish(now, kInterruptWait, "interrupted");
    if (stops_ > 1) wait_for_nobody(now);
    return;
  }
  note(fmt::format("the tally of round {} was lost: asking for its ballots again", round_));
  voters_ = 0;
  loss_sum_ = 0;
  entries_voted_ = 0;
  outstanding_ = 0;
  overdue_ = false;
  deadline_ = now + std::chrono::milliseconds(options_.config.deadline_ms);
  for (auto& [identity, member] : members_.all()) {
    member.voted = member.answered = false;
    if (member.expected) ++outstanding_;
    if (member.invited && member.live) {
      refuse(member.peer, wire::RefusalCode::kResend, "send your ballot of this round again");
    }
  }
}

// ---- evaluation --------------------------------------------------------------------------------

// Is x_round_ to be evaluated?
bool Session::evaluation_due() const {
  const RunConfig& config = options_.config;
  return round_ == config.hyper.rounds ||
         (config.eval_every != 0 && round_ % config.eval_every == 0);
}

void Session::evaluate_held_out() {
  if (!options_.held_out || held_out_asked_ == round_) return;
  held_out_asked_ = round_;
  ++held_out_pending_;
  actions_.push_back(EvaluateHeldOut{round_});
}

void Session::on_held_out(const HeldOutEvaluated& evaluated) {
  if (held_out_pending_ > 0) --held_out_pending_;
  EvaluationRow row;
  row.round = evaluated.round;
  row.held_out = evaluated.result;
  actions_.push_back(EvaluationKnown{row});
}

// Reports what clients said of the last evaluation round: a mean weighted by samples, and the
// median, which a liar moves less. Neither is used in training.
void Session::flush_client_evaluations() {
  if (evaluations_.empty()) return;
  EvaluationResult mean;
  double weights = 0;  // sums of what strangers claim do not fit integers
  std::vector<double> losses;
  std::vector<double> accuracies;
  for (const auto& [identity, report] : evaluations_) {
    weights += static_cast<double>(report.samples);
    losses.push_back(report.loss);
    accuracies.push_back(report.accuracy);
  }
  for (const auto& [identity, report] : evaluations_) {
    const double weight = static_cast<double>(report.samples) / weights;
    mean.loss += weight * report.loss;
    mean.accuracy += weight * report.accuracy;
    const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - mean.samples;
    mean.samples += std::min(report.samples, room);
  }
  const auto lower_median = [](std::vector<double>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
  };
  EvaluationRow row;
  row.round = evaluation_round_;
  row.clients_mean = mean;
  row.clients_median =
      EvaluationResult{lower_median(losses), lower_median(accuracies), mean.samples};
  evaluations_.clear();
  actions_.push_back(EvaluationKnown{row});
}

// ---- time and the end --------------------------------------------------------------------------

void Session::on_tick(Instant now) {
  roll_call(now);
  if (phase_ == Phase::kOpen && now >= deadline_ && voters_ < options_.config.min_voters) {
    deadline_passed(now);
  }
}

void Session::roll_call(Instant now) {
  if (now < next_roll_call_) return;
  const auto interval = std::chrono::milliseconds(options_.config.hyper.heartbeat_ms);
  next_roll_call_ = now + interval;
  for (auto& [identity, member] : members_.all()) {
    if (member.live && now - member.last_heard >= kMissedHeartbeats * interval) {
      note(fmt::format("client {} fell silent", identity));
      gone(member);
    }
  }
}

void Session::on_stop(Instant now) {
  ++stops_;
  switch (phase_) {
    case Phase::kWaiting:
    case Phase::kOpen:
      begin_finish(now, kInterruptWait, "interrupted");
      break;
    case Phase::kFinishing:
      finish_by_ = std::min(finish_by_, now + kInterruptWait);
      if (stops_ > 1) wait_for_nobody(now);
      break;
    case Phase::kClosing:  // once the round is committed
    case Phase::kEnded:
      break;
  }
}

void Session::wait_for_nobody(Instant now) {
  held_out_pending_ = 0;
  finish_by_ = now;
}

void Session::begin_finish(Instant now, Duration wait, std::string because) {
  phase_ = Phase::kFinishing;
  because_ = std::move(because);
  finish_by_ = now + wait;
  evaluate_held_out();
  const Frame finished = wire::build(wire::Finished{options_.session, round_, fingerprint_});
  for (auto& [identity, member] : members_.all()) {
    if (member.live) actions_.push_back(SendFrame{member.peer, finished});
  }
}

// ---- small steps -------------------------------------------------------------------------------

void Session::send(const std::string& peer, const wire::CoordinatorMessage& message) {
  actions_.push_back(SendFrame{peer, wire::build(message)});
}

void Session::refuse(const std::string& peer, wire::RefusalCode code, std::string text,
                     std::uint32_t wait_ms) {
  text.resize(std::min(text.size(), wire::kMaxRefusalText));
  send(peer, wire::Refusal{static_cast<std::uint8_t>(code), std::move(text), wait_ms});
}

void Session::send_finished(const std::string& peer) {
  send(peer, wire::Finished{options_.session, round_, fingerprint_});
}

void Session::call(const Member& member) {
  send(member.peer, wire::Call{options_.session, round_});
}

void Session::note(std::string text) { actions_.push_back(Note{std::move(text)}); }

wire::Welcome Session::welcome_for(const Member& member) const {
  wire::Welcome welcome;
  welcome.run = options_.run;
  welcome.session = options_.session;
  welcome.epoch = epoch_;
  welcome.round = round_;
  welcome.vote = member.invited && (phase_ == Phase::kWaiting || phase_ == Phase::kOpen);
  welcome.tensors = options_.tensors;
  welcome.hyper = options_.config.hyper;
  welcome.fingerprint = fingerprint_;
  welcome.largest_frame =
      static_cast<std::uint32_t>(wire::client_max_frame(parameter_count(options_.tensors)));
  return welcome;
}

std::vector<ClientRow> Session::client_rows() const {
  std::vector<ClientRow> rows;
  for (const auto& [identity, member] : members_.all()) {
    ClientRow row = member.row;
    if (member.agreement_count > 0) {
      row.agreement = member.agreement_sum / static_cast<double>(member.agreement_count);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace psephos::coordinator
