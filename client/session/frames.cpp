// What a frame tells: every handler only updates what is known.

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "client/session/session.h"

namespace psephos::client {

void Session::on_frame(const Frame& frame, Instant now) {
  const auto message = wire::read_coordinator_frame(*frame, options_.max_parameters);
  if (!message) {
    on_unusable(message.error().text, now);
    return;
  }
  std::visit(
      [&](const auto& value) {
        using Message = std::decay_t<decltype(value)>;
        if constexpr (!std::is_same_v<Message, wire::UnknownMessage>) {
          if constexpr (requires { value.session; } && !std::is_same_v<Message, wire::Welcome>) {
            if (!joined_ || value.session != session_) return;
          }
          if (joined_) last_heard_ = now;
          on_message(value, frame, now);
        }
      },
      *message);
}

// A Welcome that cannot be used (too large a model, say) does not get better by asking for ever;
// one that was damaged on the way does.
void Session::on_unusable(const std::string& why, Instant now) {
  note(fmt::format("a frame from the coordinator cannot be used: {}", why));
  if (joined_ || !awaiting_answer_) return;
  if (++bad_answers_ >= kMaxBadAnswers) {
    end(Ending::kFailed, why);
    return;
  }
  awaiting_answer_ = false;
  retry_at_ = now + backoff();
}

void Session::on_message(const wire::Welcome& welcome, const Frame&, Instant now) {
  if (joined_) return;  // the answer to a Join that was sent twice
  // In one session the coordinator's rounds only rise: what came since has overtaken this one.
  if (welcome.session == welcome_.session && welcome.run == run_ && welcome.epoch == epoch_ &&
      next_decision() > welcome.round) {
    return;
  }
  if (options_.run != wire::kAnyRun && welcome.run != options_.run) {
    end(Ending::kFailed,
        fmt::format("the coordinator leads run {}, not {}: point this client at another "
                    "coordinator or drop --run",
                    format_hex(welcome.run), format_hex(options_.run)));
    return;
  }
  if (welcome.run == wire::kAnyRun) {
    on_unusable("the run that it leads has no number: update the coordinator", now);
    return;
  }
  if (welcome.round > welcome.hyper.rounds) {
    on_unusable(fmt::format("its open round is {} of {}: check the coordinator's configuration",
                            welcome.round, welcome.hyper.rounds),
                now);
    return;
  }
  // What the worker was prepared with is what it computes by; a run may have grown.
  Hyperparameters before = welcome_.hyper;
  before.rounds = welcome.hyper.rounds;
  const bool same =
      welcome.run == run_ && welcome.tensors == welcome_.tensors && welcome.hyper == before;
  if (!same) forget_run();
  if (restored_ && restored_->standing.run != welcome.run) {
    forget_restored(fmt::format("the coordinator leads run {}", format_hex(welcome.run)));
  }
  joined_ = true;
  awaiting_answer_ = false;
  reconnect_first_ = false;
  attempts_ = 0;
  bad_answers_ = 0;
  said_unreachable_ = false;
  // Lists of slots say nothing of a ballot that was sent under another number.
  if (kept_ && welcome.slot != welcome_.slot) kept_->sent_in = 0;
  session_ = welcome.session;
  run_ = welcome.run;
  welcome_ = welcome;
  open_round_ = welcome.round;
  finished_.reset();
  skipped_.reset();
  last_heard_ = now;
  next_heartbeat_ = now + std::chrono::milliseconds(welcome.hyper.heartbeat_ms);
  invited_ = welcome.vote ? std::optional(welcome.round) : std::nullopt;
  evaluate_ = welcome.evaluate ? std::optional(welcome.round) : std::nullopt;
  if (kept_) kept_->due = true;  // it may have been lost with the connection
  actions_.push_back(
      Note{fmt::format("joined run {} at round {}", format_hex(run_), open_round_), true});
  compare_with_welcome();
}

// Does the replica, as it will be after the job in flight, stand where the coordinator has been?
void Session::compare_with_welcome() {
  const std::optional<std::uint32_t> holds = next_decision();
  if (!holds) return;
  const bool comparable = !applying_ && *holds == welcome_.round;
  if (*holds > welcome_.round || (comparable && fingerprint_ != welcome_.fingerprint)) {
    diverged();
  } else if (comparable) {
    epoch_ = welcome_.epoch;
  }
}

void Session::on_message(const wire::Decision& decision, const Frame& frame, Instant) {
  if (decision.round >= welcome_.hyper.rounds) return;
  said_stopped_ = false;
  const bool counted = counts_mine(decision);
  // Planes are borrowed from the frame: both are kept together.
  if (decision.round == next_decision() && !waiting_) {
    waiting_ = ApplyDecisions{frame, {decision}, Fate{decision.round, counted}};
  }
  saw_round(decision.round + 1);
  if (decision.vote) invite(decision.round + 1);
  if (decision.evaluate) evaluate_ = std::max(evaluate_.value_or(0), decision.round + 1);
}

void Session::on_message(const wire::Past& past, const Frame& frame, Instant) {
  // Another is asked for at once when this one is of use, else when it is time.
  if (tells_fate(past)) ask_again_at_.reset();
  saw_round(past.round);
  if (past.vote) invite(past.round);
  if (past.evaluate && past.round <= welcome_.hyper.rounds) {
    evaluate_ = std::max(evaluate_.value_or(0), past.round);
  }
  if (past.chunk) {
    take_chunk(past, frame);
  } else {
    take_decisions(past, frame);
  }
}

// Does it answer for the ballot whose fate is open, if there is one? A late answer to an older
// question does not; the next one will.
bool Session::tells_fate(const wire::Past& past) const {
  return !unsettled_ || past.have_round == unsettled_ || !have_;
}

void Session::take_chunk(const wire::Past& past, const Frame& frame) {
  const wire::CheckpointChunk& chunk = *past.chunk;
  if (busy_) return;  // asked for in a state that is gone; it will be asked for again
  if (!prepared_ || chunk.round > welcome_.hyper.rounds || (have_ && *have_ >= chunk.round)) return;
  if (!tells_fate(past)) return;
  const bool continues =
      transfer_ && transfer_->checkpoint == chunk.round && transfer_->next_chunk == chunk.chunk;
  if (!continues && chunk.chunk != 0) return;
  // From here until the fingerprint matches, this replica has no round.
  lose_replica();
  transfer_ = Transfer{chunk.round, chunk.chunk};
  saw_round(chunk.round);
  LoadChunk job{frame, chunk};
  if (unsettled_) job.fate = Fate{*unsettled_, past.counted_through == *unsettled_};
  unsettled_.reset();
  start(std::move(job));
}

void Session::take_decisions(const wire::Past& past, const Frame& frame) {
  const std::uint32_t after = past.decisions.back().round + 1;
  if (after > welcome_.hyper.rounds) return;
  saw_round(after);
  const std::optional<std::uint32_t> next = next_decision();
  if (!next || waiting_ || !tells_fate(past)) return;
  std::vector<wire::Decision> rest;
  for (const wire::Decision& decision : past.decisions) {
    if (decision.round >= *next) rest.push_back(decision);
  }
  if (!rest.empty() && rest.front().round == *next) {
    waiting_ = ApplyDecisions{frame, std::move(rest), Fate{*next, past.counted_through == *next}};
  }
}

void Session::on_message(const wire::Call& call, const Frame&, Instant) {
  saw_round(call.round);
  invite(call.round);
  // Called again for a round already voted on: the ballot, or the older one in its place, was lost.
  if (kept_ && kept_->round == call.round) kept_->due = true;
  if (skipped_ == call.round) skipped_.reset();
}

// The echo says where the coordinator is now. What was said of later rounds was damaged on the way,
// and would be waited for till the end of the session.
void Session::on_message(const wire::Heartbeat& heartbeat, const Frame&, Instant) {
  if (heartbeat.round > welcome_.hyper.rounds) return;
  open_round_ = std::max(heartbeat.round, next_decision().value_or(0));
  if (invited_ > open_round_) invited_.reset();
  if (evaluate_ > open_round_) evaluate_.reset();
}

void Session::on_message(const wire::Finished& finished, const Frame&, Instant now) {
  if (finished.rounds > welcome_.hyper.rounds) return;
  if (finished.reason == wire::FinishReason::kStopped) {
    if (!std::exchange(said_stopped_, true)) {
      note(fmt::format(
          "the coordinator stopped at round {} and will go on with the run: waiting for it",
          finished.rounds));
    }
    send(wire::Leave{session_, wire::LeaveReason::kStopped});
    lose_session(now + backoff());
    reconnect_first_ = true;
    return;
  }
  finished_ = finished;
  saw_round(finished.rounds);
}

void Session::on_message(const wire::Refusal& refusal, const Frame&, Instant now) {
  using wire::RefusalCode;
  const std::string said =
      fmt::format("refused ({}): {}", wire::refusal_word(refusal.code), refusal.text);
  const Duration not_before = std::chrono::milliseconds(refusal.wait_ms);
  switch (static_cast<RefusalCode>(refusal.code)) {
    case RefusalCode::kRejoin:
      // Jittered: after a coordinator's restart everybody is told this at once.
      if (joined_) lose_session(now + not_before + backoff());
      return;
    case RefusalCode::kResend:
      if (kept_) kept_->due = true;
      skipped_.reset();
      return;
    case RefusalCode::kOtherRun:
      if (options_.run != wire::kAnyRun) {
        end(Ending::kFailed, said);
        return;
      }
      note(said + "; starting afresh in the coordinator's run");
      restored_.reset();
      forget_run();
      lose_session(now + not_before + backoff());
      return;
    case RefusalCode::kNotAllowed:
    case RefusalCode::kProtocol:
    case RefusalCode::kTooLarge:
    case RefusalCode::kOtherData:
      end(Ending::kFailed, said);
      return;
    case RefusalCode::kPending:
      note(said);
      [[fallthrough]];
    case RefusalCode::kBusy:
      if (!joined_) {
        awaiting_answer_ = false;
        retry_at_ = now + not_before + backoff();
      } else if (ask_again_at_) {
        ask_again_at_ = now + not_before + backoff();
      }
      return;
    case RefusalCode::kMalformed:
      // The same Join would be refused again.
      if (!joined_ && refusal.of.body == wire::kJoinBody) {
        on_unusable(said, now);
        return;
      }
      break;
  }
  note(said);
}

}  // namespace psephos::client
