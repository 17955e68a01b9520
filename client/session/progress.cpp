// What follows from what is known: the ends of jobs, and the next thing to do.

#include <fmt/format.h>

#include <utility>

#include "client/session/session.h"
#include "runtime/base/check.h"

namespace psephos::client {

// ---- ends of jobs ------------------------------------------------------------------------------

void Session::on_done(const Prepared& done) {
  PSEPHOS_CHECK(done.run == run_, "a model of another run");
  prepared_ = true;
  if (done.restored) {
    continue_restored();
    return;
  }
  if (restored_) forget_restored(done.not_restored_because);
  if (welcome_.x0_given) return;  // the run did not start from what was drawn: a checkpoint has it
  have_ = 0;
  fingerprint_ = done.fingerprint;
  compare_with_welcome();
}

// As if the session had never been away: what is saved was confirmed in its epoch.
void Session::continue_restored() {
  const auto restored = std::exchange(restored_, nullptr);
  const Standing& standing = restored->standing;
  have_ = standing.round;
  fingerprint_ = restored->fingerprint;
  epoch_ = standing.epoch;
  // It may have been sent before: a late one does not stand for a newer round's.
  if (standing.ballot) kept_ = Kept{standing.round, standing.ballot, true, true};
  if (kept_ && kept_->content->votes.encoding != Encoding::kNone) unsettled_ = standing.round;
  saved_ = Saved{standing.round, kept_.has_value()};
  saved_at_ = now_;
  note(fmt::format("going on from the state of round {}", standing.round));
  compare_with_welcome();
}

// A decision may have overtaken the gradient; whether the ballot still counts is looked at when it
// is sent.
void Session::on_done(const BallotReady& done) {
  kept_ = Kept{done.round, done.ballot};
  if (done.ballot->votes.encoding != Encoding::kNone) unsettled_ = done.round;
}

void Session::on_done(const Applied& done) {
  const Applying applied = *std::exchange(applying_, std::nullopt);
  if (!done.matched) {
    note(
        fmt::format("the replica does not match the coordinator's at round {}: taking a checkpoint",
                    done.round));
    diverged();
    return;
  }
  have_ = done.round;
  fingerprint_ = done.fingerprint;
  epoch_ = applied.epoch;
  if (kept_ && kept_->round < *have_) kept_.reset();
  if (*have_ == welcome_.round) compare_with_welcome();
}

void Session::on_done(const ChunkLoaded& done) {
  // Of a session that was lost: what it left of the replica is overwritten by the next transfer.
  if (!transfer_) return;
  if (!done.complete) {
    transfer_->next_chunk = done.chunk + 1;
    return;
  }
  transfer_.reset();
  if (done.matched) {
    bad_checkpoints_ = 0;
    have_ = done.checkpoint;
    fingerprint_ = done.fingerprint;
    epoch_ = welcome_.epoch;
    reason_ = wire::CatchUpReason::kNoState;
    return;
  }
  diverged();
  if (++bad_checkpoints_ < kMaxBadCheckpoints) return;
  send(wire::Leave{session_, wire::LeaveReason::kFailed});
  end(Ending::kFailed,
      fmt::format("the coordinator's checkpoint of round {} arrived damaged {} times: check the "
                  "coordinator's ledger and the memory of both machines",
                  done.checkpoint, bad_checkpoints_));
}

void Session::on_done(const Evaluated& done) {
  if (joined_) {
    send(wire::Evaluation{session_, done.round, done.loss, done.accuracy, done.samples});
  }
}

// Voting goes on without a disk. The next try is as far away as after a success.
void Session::on_done(const StateSaved& done) {
  const bool failed = !done.failure.empty();
  if (failed && stopping_) {
    note(fmt::format("the last state is not saved: {}", done.failure));
  } else if (failed && !saving_failed_) {
    note(fmt::format("the state is not saved: {}; voting goes on", done.failure));
  } else if (!failed && saving_failed_) {
    note("the state is saved again");
  }
  saving_failed_ = failed;
}

void Session::on_done(const JobFailed& done) {
  if (joined_) send(wire::Leave{session_, wire::LeaveReason::kFailed});
  end(Ending::kFailed, done.text);
}

// ---- what to do next ---------------------------------------------------------------------------

void Session::advance(Instant now) {
  if (joined_) send_kept_ballot();
  if (busy_) return;
  finish_when_done();
  if (ended_ || busy_ || !joined_) return;
  if (!prepared_) {
    start(Prepare{welcome_, restored_});
    return;
  }
  if (kept_ && save_is_due()) {
    save();
    return;
  }
  if (advance_replica(now)) advance_ballot();
}

// Sends the kept ballot once in every membership, and when asked to, as long as it may count; never
// before a state that is due has been saved with it.
void Session::send_kept_ballot() {
  if (!kept_ || !kept_->due || kept_->round > open_round_) return;
  if (saving_ || save_is_due()) return;
  const std::uint32_t age = open_round_ - kept_->round;
  if (age == 0 ? invited_ != kept_->round : age > welcome_.hyper.staleness) return;
  wire::Ballot ballot;
  ballot.session = session_;
  ballot.run = run_;
  ballot.round = kept_->round;
  ballot.encoding = kept_->content->votes.encoding;
  ballot.planes = kept_->content->votes.planes;
  ballot.scales = kept_->content->scales;
  ballot.loss = kept_->content->loss;
  ballot.samples = kept_->content->samples;
  send(ballot);
  // Late, but within the staleness bound: it counts in place of one for the open round.
  if (age > 0 && !kept_->sent_before) skipped_ = open_round_;
  kept_->due = false;
  kept_->sent_before = true;
  if (age == 0) kept_->sent_in = session_;
}

// The run ends with the last decision's fingerprint: whether Finished was heard as well does not
// matter, nor whether the coordinator is still there.
void Session::finish_when_done() {
  compare_with_finished();
  if (!have_ || round() != last_round()) return;
  if (joined_ && evaluate_ == have_) return;
  if (has_unsaved()) {
    save();
    return;
  }
  if (joined_) send(wire::Leave{session_, wire::LeaveReason::kFinished});
  const bool cut_short = finished_ && finished_->reason == wire::FinishReason::kInterrupted;
  end(Ending::kFinished,
      cut_short ? fmt::format("the coordinator was interrupted: the run ended after {} of {} "
                              "rounds, fingerprint {}",
                              *have_, welcome_.hyper.rounds, format_hex(fingerprint_))
                : fmt::format("finished after {} rounds, fingerprint {}", *have_,
                              format_hex(fingerprint_)));
}

void Session::compare_with_finished() {
  if (!finished_ || !have_ || *have_ < finished_->rounds) return;
  if (*have_ > finished_->rounds || fingerprint_ != finished_->fingerprint) {
    diverged();
  } else {
    epoch_ = welcome_.epoch;
  }
}

// True when the replica is where it should be and no job was started.
bool Session::advance_replica(Instant now) {
  if (auto job = std::exchange(waiting_, std::nullopt)) {
    PSEPHOS_CHECK(have_ == job->decisions.front().round, "decisions wait for the replica they fit");
    applying_ =
        Applying{*have_ + static_cast<std::uint32_t>(job->decisions.size()), welcome_.epoch};
    if (unsettled_ != have_) job->fate.reset();
    unsettled_.reset();
    start(*std::move(job));
    return false;
  }
  if (have_ && *have_ >= target_round()) return true;
  if (!have_ && !wants_replica()) return false;
  if (!ask_again_at_) ask_to_catch_up(now);
  return false;
}

void Session::ask_to_catch_up(Instant now) {
  wire::CatchUp request;
  request.session = session_;
  request.have_round = have_.value_or(wire::kNoRound);
  request.reason = have_ ? wire::CatchUpReason::kBehind : reason_;
  if (transfer_) {
    request.checkpoint = transfer_->checkpoint;
    request.chunk = transfer_->next_chunk;
  }
  send(request);
  ask_again_at_ = now + 2 * std::chrono::milliseconds(welcome_.hyper.heartbeat_ms);
}

void Session::advance_ballot() {
  if (round() != have_) return;  // nobody has confirmed these parameters yet
  const std::uint32_t round = *have_;
  const bool voted = kept_ && kept_->round == round;
  if (invited_ == round && skipped_ != round && round < last_round() && !voted) {
    ComputeBallot job{round};
    if (round == welcome_.round) job.terms = welcome_.terms;
    start(std::move(job));
  } else if (evaluate_ == round) {
    evaluate_.reset();
    start(Evaluate{round});
  } else if (save_is_due()) {
    save();
  }
}

// ---- what outlives the process -----------------------------------------------------------------

// Of a round that was saved without its ballot the state is saved again once there is one.
bool Session::save_is_due() const {
  if (!has_unsaved()) return false;
  if (!saved_ || saved_->round == *have_) return true;
  const SaveEvery& every = options_.save_every;
  const bool rounds = every.rounds != 0 && *have_ - saved_->round >= every.rounds;
  return rounds || (every.time != Duration{0} && now_ - saved_at_ >= every.time);
}

// Only what a coordinator has confirmed is worth keeping.
bool Session::has_unsaved() const {
  if (options_.save_every.never() || !have_ || round() != have_) return false;
  return saved_ != Saved{*have_, kept_.has_value()};
}

void Session::save() {
  saving_ = true;
  saved_ = Saved{*have_, kept_.has_value()};
  saved_at_ = now_;
  start(SaveState{{run_, *epoch_, *have_, kept_ ? kept_->content : nullptr}});
}

// The coordinator hears of it at once; the process ends when its state is safe.
void Session::stop() {
  if (joined_) send(wire::Leave{session_, wire::LeaveReason::kStopped});
  stopping_ = true;
}

void Session::finish_stopping() {
  if (ended_) return;
  if (!options_.save_every.never() && busy_) return;
  if (has_unsaved()) {
    save();
    return;
  }
  end(Ending::kStopped, "stopped");
}

}  // namespace psephos::client
