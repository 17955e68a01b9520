#include "coordinator/session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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
      missing_(static_cast<std::uint32_t>(options_.counted.size())) {
  for (const CountedBallot& counted : options_.counted) members_.restore(counted);
  options_.counted.clear();
}

Actions Session::step(const Event& event, Instant now) {
  actions_.clear();
  if (phase_ == Phase::kEnded) return {};
  if (std::holds_alternative<Started>(event)) {
    started_at_ = next_roll_call_ = now;
    if (round_ > 0 && evaluation_due()) {  // a restart may have cut it short
      evaluation_round_ = round_;
      evaluate_held_out();
    }
    if (round_ >= options_.config.hyper.rounds) begin_finish(now, kFinishWait, "finished");
  } else if (const auto* arrived = std::get_if<FrameArrived>(&event)) {
    on_frame(*arrived, now);
  } else if (const auto* revoked = std::get_if<KeyRevoked>(&event)) {
    on_revoked(*revoked);
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
  missing_ = 0;
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

void Session::note_weighty(std::string text) { actions_.push_back(Note{std::move(text), true}); }

wire::Welcome Session::welcome_for(const Member& member) const {
  wire::Welcome welcome;
  welcome.run = options_.run;
  welcome.session = options_.session;
  welcome.epoch = epoch_;
  welcome.round = round_;
  welcome.vote = member.invited && (phase_ == Phase::kWaiting || phase_ == Phase::kOpen);
  welcome.evaluate = options_.config.client_eval && round_ > 0 && evaluation_round_ == round_;
  welcome.tensors = options_.tensors;
  welcome.hyper = options_.config.hyper;
  welcome.fingerprint = fingerprint_;
  welcome.largest_frame =
      static_cast<std::uint32_t>(wire::client_max_frame(parameter_count(options_.tensors)));
  welcome.x0_given = options_.x0_given;
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
