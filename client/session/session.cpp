#include "client/session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/base/overloaded.h"

namespace psephos::client {

Session::Session(SessionOptions options)
    : options_(std::move(options)), run_(options_.run), restored_(std::move(options_.restored)) {
  if (restored_ && run_ == wire::kAnyRun) run_ = restored_->standing.run;
}

Actions Session::step(const Event& event, Instant now) {
  actions_.clear();
  now_ = now;
  if (ended_ || (stopping_ && !std::holds_alternative<JobEnded>(event))) return {};
  std::visit(Overloaded{
                 [&](const Started&) {
                   if (restored_ && restored_->standing.run != run_) {
                     forget_restored(fmt::format("this client is to take part in run {} only",
                                                 format_hex(run_)));
                   }
                   send_join(now);
                 },
                 [&](const FrameArrived& arrived) { on_frame(arrived.frame, now); },
                 [&](const JobEnded& job) {
                   busy_ = false;
                   saving_ = false;
                   if (std::exchange(outdated_, false)) {
                     on_outdated(job.done);
                     return;
                   }
                   std::visit([&](const auto& done) { on_done(done); }, job.done);
                 },
                 [&](const Tick&) { on_tick(now); },
                 [&](const StopAsked&) { stop(); },
             },
             event);
  if (stopping_) {
    finish_stopping();
  } else if (!ended_) {
    advance(now);
  }
  return std::exchange(actions_, {});
}

std::optional<std::uint32_t> Session::round() const {
  return epoch_ == welcome_.epoch ? have_ : std::nullopt;
}

// The rules have moved on all the same: a ballot that nobody will send waits for its fate, too.
void Session::on_outdated(const JobDone& done) {
  if (std::exchange(forgotten_, false)) return;
  const auto* ready = std::get_if<BallotReady>(&done);
  if (ready != nullptr && ready->ballot->votes.encoding != Encoding::kNone) {
    unsettled_ = ready->round;
  }
}

// ---- time --------------------------------------------------------------------------------------

Instant Session::next_tick() const {
  if (ended_ || stopping_) return Instant::max();
  if (!joined_) return retry_at_;
  Instant next = std::min(
      next_heartbeat_,
      last_heard_ + kMissedHeartbeats * std::chrono::milliseconds(welcome_.hyper.heartbeat_ms));
  if (ask_again_at_) next = std::min(next, *ask_again_at_);
  return next;
}

void Session::on_tick(Instant now) {
  if (!joined_) {
    if (now < retry_at_) return;
    if (!awaiting_answer_) {
      if (std::exchange(reconnect_first_, false)) actions_.push_back(Reconnect{});
      send_join(now);
      return;
    }
    if (!std::exchange(said_unreachable_, true)) {
      note("the coordinator does not answer: still trying, with pauses of up to 30 s");
    }
    awaiting_answer_ = false;
    reconnect_first_ = true;
    retry_at_ = now + backoff();
    ++attempts_;
    return;
  }
  const auto interval = std::chrono::milliseconds(welcome_.hyper.heartbeat_ms);
  if (now - last_heard_ >= kMissedHeartbeats * interval) {
    note("the coordinator fell silent: joining again");
    lose_session(now + backoff());
    reconnect_first_ = true;
    return;
  }
  if (now >= next_heartbeat_) {
    next_heartbeat_ = now + interval;
    send(wire::Heartbeat{session_, round().value_or(wire::kNoRound)});
  }
  if (ask_again_at_ && now >= *ask_again_at_) ask_again_at_.reset();
}

// Full jitter: uniform between nothing and a bound that doubles with every failure in a row.
Duration Session::backoff() {
  const std::uint32_t doublings = std::min(attempts_, 16u);
  const Duration bound = std::min(kLargestBackoff, kFirstBackoff * (1u << doublings));
  const double u = unit_interval(philox_word(options_.key, 0, Purpose::kBackoff, backoffs_++));
  return std::chrono::duration_cast<Duration>(bound * u);
}

// ---- small steps -------------------------------------------------------------------------------

void Session::send(const wire::ClientMessage& message) {
  actions_.push_back(SendFrame{wire::build(message)});
}

void Session::send_join(Instant now) {
  wire::Join join;
  join.run = run_;
  join.name = options_.name;
  join.have_round = have_.value_or(wire::kNoRound);
  join.epoch = epoch_.value_or(welcome_.epoch);
  join.fingerprint = have_ ? fingerprint_ : 0;
  if (restored_) {
    join.have_round = restored_->standing.round;
    join.epoch = restored_->standing.epoch;
    join.fingerprint = restored_->fingerprint;
  }
  join.arithmetic = options_.arithmetic;
  join.samples = options_.samples;
  join.data_manifest = options_.data_manifest;
  join.part = options_.part;
  join.parts = options_.parts;
  send(join);
  awaiting_answer_ = true;
  retry_at_ = now + kJoinWait;
}

void Session::start(Job job) {
  busy_ = true;
  actions_.push_back(StartJob{std::move(job)});
}

void Session::note(std::string text) { actions_.push_back(Note{std::move(text)}); }

void Session::end(Ending ending, std::string text) {
  ended_ = true;
  actions_.push_back(End{ending, std::move(text)});
}

void Session::lose_session(Instant retry_at) {
  joined_ = false;
  awaiting_answer_ = false;
  session_ = 0;
  waiting_.reset();
  transfer_.reset();
  ask_again_at_.reset();
  retry_at_ = retry_at;
}

void Session::forget_run() {
  lose_replica();
  forgotten_ = busy_;
  run_ = options_.run;
  prepared_ = false;
  bad_checkpoints_ = 0;
  finished_.reset();
  skipped_.reset();
  unsettled_.reset();
  reason_ = wire::CatchUpReason::kNoState;
}

void Session::forget_restored(const std::string& because) {
  note(fmt::format("the state of round {} of run {} is of no use: {}", restored_->standing.round,
                   format_hex(restored_->standing.run), because));
  restored_.reset();
}

// The replica is not the coordinator's. Its ballot goes with it: it was computed from other
// parameters.
void Session::diverged() {
  ++mismatches_;
  lose_replica();
  reason_ = wire::CatchUpReason::kDiverged;
}

void Session::lose_replica() {
  outdated_ = busy_;
  applying_.reset();
  have_.reset();
  fingerprint_ = 0;
  epoch_.reset();
  kept_.reset();
  saved_.reset();
  waiting_.reset();
  transfer_.reset();
}

// The coordinator spoke of `round` as its open one. What no run can reach is noise ("no round" is).
void Session::saw_round(std::uint32_t round) {
  if (round <= welcome_.hyper.rounds) open_round_ = std::max(open_round_, round);
}

// Does this decision, told in this session, count the ballot of its round that is this client's?
bool Session::counts_mine(const wire::Decision& decision) const {
  const wire::CountedSlots& counted = decision.counted;
  // Lists are of those who were invited, and only they send: whoever did not is in none.
  const bool sent = kept_ && kept_->round == decision.round && kept_->sent_in == session_;
  if (!sent || welcome_.slot >= counted.given) return false;
  return std::ranges::binary_search(counted.slots, welcome_.slot) == counted.counted;
}

// A repeated frame must not take the newest invitation back.
void Session::invite(std::uint32_t round) {
  if (round < welcome_.hyper.rounds) invited_ = std::max(invited_.value_or(0), round);
}

// The round whose decision the replica will take next, once the job in flight is done.
std::optional<std::uint32_t> Session::next_decision() const {
  return applying_ ? std::optional(applying_->to) : have_;
}

// A checkpoint is fetched by those who will use it: where only the drawn vote, most never do.
bool Session::wants_replica() const {
  return welcome_.hyper.audience == Audience::kAll || invited_ || finished_;
}

// Everybody follows everything, unless only those drawn are told (then: until drawn, stay where you
// are).
std::uint32_t Session::target_round() const {
  if (finished_) return finished_->rounds;
  if (welcome_.hyper.audience == Audience::kAll) return open_round_;
  return invited_.value_or(0);
}

std::uint32_t Session::last_round() const {
  return finished_ ? finished_->rounds : welcome_.hyper.rounds;
}

}  // namespace psephos::client
