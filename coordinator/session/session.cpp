#include "coordinator/session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/base/overloaded.h"

namespace psephos::coordinator {

Session::Session(SessionOptions options)
    : options_(std::move(options)),
      members_(options_.config.max_clients,
               std::max<Duration>(kTakeoverMemory,
                                  kTakeoverHeartbeats * std::chrono::milliseconds(
                                                            options_.config.hyper.heartbeat_ms))),
      join_rate_(options_.config.max_joins_per_second),
      epoch_(options_.epoch),
      round_(options_.round),
      fingerprint_(options_.fingerprint),
      terms_(options_.terms),
      missing_(static_cast<std::uint32_t>(options_.counted.size())) {
  for (const CountedBallot& counted : options_.counted) members_.restore(counted);
  options_.counted.clear();
}

Actions Session::step(const Event& event, Instant now) {
  actions_.clear();
  if (phase_ == Phase::kEnded) return {};
  std::visit(Overloaded{
                 [&](const Started&) { on_started(now); },
                 [&](const FrameArrived& arrived) { on_frame(arrived, now); },
                 [&](const KeyRevoked& revoked) { on_revoked(revoked); },
                 [&](const Tick&) { on_tick(now); },
                 [&](const BallotRead& read) { on_read(read); },
                 [&](const RoundClosed& closed) { on_closed(closed.closed); },
                 [&](const Committed& committed) { on_committed(committed.round, now); },
                 [&](const HeldOutEvaluated& evaluated) { on_held_out(evaluated); },
                 [&](const TallyLost& lost) { on_tally_lost(lost, now); },
                 [&](const StopAsked&) { on_stop(now); },
             },
             event);
  advance(now);
  return std::exchange(actions_, {});
}

Instant Session::next_tick() const {
  switch (phase_) {
    case Phase::kOpen:
      // What it waits for once it may close wakes the machine by itself.
      return closes_after_ ? next_roll_call_ : std::min(deadline_, next_roll_call_);
    case Phase::kFinishing:
      // The end waits for an evaluation however late it is: that wakes the machine by itself.
      return held_out_pending_ > 0 ? next_roll_call_
                                   : std::min({finish_by_, away_until_, next_roll_call_});
    case Phase::kEnded:
      return Instant::max();
    case Phase::kWaiting:
    case Phase::kClosing:
      break;
  }
  return next_roll_call_;
}

void Session::on_started(Instant now) {
  started_at_ = next_roll_call_ = now;
  if (round_ > 0 && evaluation_due()) {  // a restart may have cut it short
    evaluation_round_ = round_;
    evaluate_held_out();
  }
  if (round_ >= options_.config.hyper.rounds)
    begin_finish(now, kFinishWait, wire::FinishReason::kDone);
}

// ---- time and the end --------------------------------------------------------------------------

void Session::on_tick(Instant now) {
  roll_call(now);
  if (now >= away_until_) {
    missing_ = 0;
    away_until_ = Instant::max();
  }
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
      note(fmt::format("client {} fell silent", member.row.name));
      enter(MembershipEvent::Kind::kSilent, identity);
      gone(member);
    }
  }
}

void Session::on_stop(Instant now) {
  ++stops_;
  missing_ = 0;  // whoever is away finds the run where it was, once it is led again
  switch (phase_) {
    case Phase::kWaiting:
    case Phase::kOpen:
      begin_finish(now, kInterruptWait, stopped());
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
  missing_ = 0;
  finish_by_ = now;
}

// What clients are told when a stop was asked for.
wire::FinishReason Session::stopped() const {
  return options_.durable ? wire::FinishReason::kStopped : wire::FinishReason::kInterrupted;
}

void Session::begin_finish(Instant now, Duration wait, wire::FinishReason reason) {
  phase_ = Phase::kFinishing;
  reason_ = reason;
  finish_by_ = now + wait;
  evaluate_held_out();
  const bool all_here = missing_ == 0;
  const Frame told = wire::build(finished());
  for (auto& [identity, member] : members_.all()) {
    if (member.live) {
      actions_.push_back(SendFrame{member.peer, told});
    } else if (reason == wire::FinishReason::kDone && may_come_back(member, now)) {
      member.missing = true;
      ++missing_;
    }
  }
  if (all_here && missing_ > 0) away_until_ = now + kAwayMemory;
}

// Was this one there a moment ago? Whoever left, or whose key was taken off the list, was not.
bool Session::may_come_back(const Member& member, Instant now) const {
  const auto silence =
      kMissedHeartbeats * std::chrono::milliseconds(options_.config.hyper.heartbeat_ms);
  return !member.peer.empty() && !member.left && !member.missing &&
         now - member.last_heard < std::max<Duration>(kAwayMemory, 2 * silence);
}

wire::Finished Session::finished() const {
  return {options_.session, round_, fingerprint_, reason_};
}

// ---- small steps -------------------------------------------------------------------------------

void Session::send(const std::string& peer, const wire::CoordinatorMessage& message) {
  actions_.push_back(SendFrame{peer, wire::build(message)});
}

void Session::refuse(const std::string& peer, wire::RefusalCode code, std::string text,
                     std::uint32_t wait_ms) {
  const bool answers = heard_ != nullptr && heard_->peer == peer;
  refuse(peer, code, std::move(text), wait_ms,
         answers ? wire::refused_frame(*heard_->frame) : wire::RefusedFrame());
}

void Session::refuse(const std::string& peer, wire::RefusalCode code, std::string text,
                     std::uint32_t wait_ms, const wire::RefusedFrame& of) {
  text.resize(std::min(text.size(), wire::kMaxRefusalText));
  send(peer, wire::Refusal{static_cast<std::uint8_t>(code), std::move(text), wait_ms, of});
}

void Session::send_finished(const std::string& peer) { send(peer, finished()); }

void Session::call(const Member& member) {
  send(member.peer, wire::Call{options_.session, round_});
}

void Session::note(std::string text) { actions_.push_back(Note{std::move(text)}); }

void Session::note_weighty(std::string text) { actions_.push_back(Note{std::move(text), true}); }

bool Session::is_invited(const Member& member) const {
  return member.invited && phase_ != Phase::kFinishing;
}

bool Session::is_asked_to_evaluate() const {
  return options_.config.client_eval && round_ > 0 && evaluation_round_ == round_;
}

wire::Welcome Session::welcome_for(const Member& member) const {
  wire::Welcome welcome;
  welcome.run = options_.run;
  welcome.session = options_.session;
  welcome.epoch = epoch_;
  welcome.round = round_;
  welcome.vote = is_invited(member);
  welcome.evaluate = is_asked_to_evaluate();
  welcome.tensors = options_.tensors;
  welcome.hyper = options_.config.hyper;
  welcome.fingerprint = fingerprint_;
  welcome.largest_frame =
      static_cast<std::uint32_t>(wire::client_max_frame(parameter_count(options_.tensors)));
  welcome.x0_given = options_.x0_given;
  welcome.terms = terms_;
  welcome.slot = *member.slot;
  welcome.version = PSEPHOS_VERSION;
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
