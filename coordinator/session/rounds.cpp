// A round: drawn, opened, closed, committed, told.

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "coordinator/session/draw.h"
#include "coordinator/session/session.h"

namespace psephos::coordinator {

void Session::answered(Member& member) {
  members_.touch(member);
  if (member.answered) return;
  member.answered = true;
  if (member.expected) --outstanding_;
}

void Session::gone(Member& member) {
  members_.set_live(member, false);
  if (std::exchange(member.expected, false) && !member.answered) --outstanding_;
}

// For the ledger.
void Session::enter(MembershipEvent::Kind kind, const std::string& identity) {
  if (membership_.events.size() < kMaxMembershipEvents) {
    membership_.events.push_back({kind, identity});
  } else {
    ++membership_.left_out;
  }
}

// Heard again after a silence. It may have missed the opening, and nobody but a Call would invite
// it then.
void Session::back(Member& member) {
  members_.set_live(member, true);
  found(member);
  enter(MembershipEvent::Kind::kBack, member.identity);
  members_.touch(member);
  if (phase_ == Phase::kOpen && everybody_votes() && !std::exchange(member.invited, true)) {
    call(member);
  }
}

// Derives from what is known what has to happen now.
void Session::advance(Instant now) {
  const RunConfig& config = options_.config;
  if (phase_ == Phase::kWaiting) {
    // A run that goes on has waited for its crowd before.
    const std::uint32_t crowd = round_ == 0 ? config.min_clients : 0;
    if (members_.live() < std::max(config.min_voters, crowd)) return;
    phase_ = Phase::kOpen;
    started_at_ = now;
    deadline_ = now + std::chrono::milliseconds(config.deadline_ms);
    invite();
    if (!everybody_votes()) {
      for (const Member* member : members_.touched()) {
        if (member->invited) call(*member);
      }
    }
  }
  if (phase_ == Phase::kOpen && may_close(now)) {
    phase_ = Phase::kClosing;
    closes_after_.reset();
    actions_.push_back(CloseTally{round_});
  }
  if (phase_ == Phase::kFinishing && held_out_pending_ == 0) {
    const bool all_done = members_.live() == 0 && missing_ == 0;
    if (all_done || now >= finish_by_) {
      flush_client_evaluations();
      phase_ = Phase::kEnded;
      actions_.push_back(End{reason_ == wire::FinishReason::kDone ? "finished" : "interrupted"});
    }
  }
}

// Later ballots are not waited for: whoever sends malformed ones without end delays nothing.
bool Session::may_close(Instant now) {
  const RunConfig& config = options_.config;
  const bool all_answered = outstanding_ == 0;
  const bool enough = config.target_voters != 0 && voters_ >= config.target_voters;
  if (voters_ < config.min_voters || !(all_answered || enough || overdue_ || now >= deadline_)) {
    closes_after_.reset();
    return false;
  }
  if (!closes_after_) closes_after_ = readings_;
  return being_read_.empty() || being_read_.begin()->first > *closes_after_;
}

// Draws the open round's voters from those who are live, and expects them.
void Session::invite() {
  const RunConfig& config = options_.config;
  const std::vector<Member*>& live = members_.live_members();
  const auto expect = [this](Member& member) {
    members_.touch(member);
    member.invited = true;
    member.expected = true;
    if (!member.answered) ++outstanding_;
  };
  outstanding_ = 0;
  if (everybody_votes()) {
    expected_ = members_.live();
    for (Member* member : live) expect(*member);
    return;
  }
  expected_ = draw_size(config.fraction, config.min_voters, members_.live());
  for (const std::uint32_t i : draw(members_.live(), expected_, run_key(), round_, draws_++)) {
    expect(*live[i]);
  }
}

void Session::open_round(Instant now) {
  phase_ = Phase::kOpen;
  deadline_ = now + std::chrono::milliseconds(options_.config.deadline_ms);
  draws_ = 0;
  overdue_ = false;
  voters_ = 0;
  losses_.clear();
  entries_voted_ = 0;
  plane_bytes_ = 0;
  invite();
}

// The deadline passed with too few ballots: the round stays open, and those who can still help are
// called.
void Session::deadline_passed(Instant now) {
  const RunConfig& config = options_.config;
  const auto silent = std::count_if(members_.all().begin(), members_.all().end(), [](auto& entry) {
    return entry.second.answered && !entry.second.voted;
  });
  const std::string why =
      silent == 0 ? std::string()
                  : fmt::format(
                        " ({} clients answered without a vote: no samples, a gradient that is "
                        "not finite, or a malformed ballot; other clients have to come, or "
                        "--min-voters is too many)",
                        silent);
  note(fmt::format("round {} has {} of the {} ballots it needs{}: waiting on", round_, voters_,
                   config.min_voters, why));
  overdue_ = true;
  deadline_ = now + std::chrono::milliseconds(config.deadline_ms);
  std::vector<Member*> others;
  for (Member* member : members_.live_members()) {
    if (member->voted || member->reading != 0) continue;
    if (member->invited) {
      // Its ballot, or our invitation, may have been lost, or damaged into an answer that is none.
      call(*member);
    } else {
      others.push_back(member);
    }
  }
  if (everybody_votes() || others.empty()) return;
  const std::uint32_t wanted = draw_size(config.fraction, config.min_voters, members_.live());
  for (const std::uint32_t i :
       draw(static_cast<std::uint32_t>(others.size()), wanted > voters_ ? wanted - voters_ : 1,
            run_key(), round_, draws_++)) {
    Member& member = *others[i];
    members_.touch(member);
    member.invited = true;
    member.expected = true;
    ++expected_;
    ++outstanding_;
    call(member);
  }
}

void Session::on_closed(const ClosedRound& closed) {
  if (phase_ != Phase::kClosing || closed.record->round != round_) return;
  closed_ = closed;
  actions_.push_back(Commit{closed.record, std::exchange(membership_, {}), closed.counts});
}

void Session::on_committed(std::uint32_t round, Instant now) {
  if (phase_ != Phase::kClosing || !closed_ || round != round_) return;
  const DecisionRef record = closed_->record;
  const wire::CountedSlots counted = counted_slots();
  close_round_books(now);
  closed_.reset();
  round_ = record->round + 1;
  fingerprint_ = record->fingerprint;
  terms_ = record->next;
  const bool last = round_ >= options_.config.hyper.rounds;
  const bool stopping = stops_ > 0;
  if (!last && !stopping) open_round(now);
  if (evaluation_due()) {
    flush_client_evaluations();
    evaluation_round_ = round_;
  }
  broadcast(*record, counted);
  if (evaluation_due()) evaluate_held_out();
  if (last || stopping) {
    begin_finish(now, stopping ? kInterruptWait : kFinishWait,
                 last ? wire::FinishReason::kDone : stopped());
    if (stops_ > 1) wait_for_nobody(now);
  }
}

// Whose ballots the closed round counts, for those who have a number in this session: of its own
// round the invited that it counts or that it does not, whichever are fewer.
wire::CountedSlots Session::counted_slots() const {
  wire::CountedSlots counted;
  counted.given = members_.slots();
  std::vector<std::uint32_t> yes;
  std::vector<std::uint32_t> no;
  for (const Member* member : members_.touched()) {
    if (!member->slot) continue;
    const bool fresh = member->voted && member->ballot_round == round_;
    if (member->voted && !fresh) counted.earlier.push_back({*member->slot, member->ballot_round});
    if (member->invited) (fresh ? yes : no).push_back(*member->slot);
  }
  counted.counted = yes.size() < no.size();
  counted.slots = std::move(counted.counted ? yes : no);
  std::ranges::sort(counted.slots);
  std::ranges::sort(counted.earlier, {}, &wire::EarlierBallot::slot);
  if (counted.earlier.size() > wire::kMaxEarlier) counted.earlier.resize(wire::kMaxEarlier);
  return counted;
}

// The mean of the middle half, of three the middle one: what a few voters claim moves it little.
double Session::typical_loss() {
  std::ranges::sort(losses_);
  const std::size_t cut = (losses_.size() + 1) / 4;
  const auto middle = std::span(losses_).subspan(cut, losses_.size() - 2 * cut);
  return std::accumulate(middle.begin(), middle.end(), 0.0) / static_cast<double>(middle.size());
}

// Enters the closed round into everybody's record and into the report.
void Session::close_round_books(Instant now) {
  for (const auto& [identity, agreement] : closed_->agreement) {
    if (Member* member = members_.find(identity)) {
      member->agreement_sum += agreement;
      ++member->agreement_count;
    }
  }
  for (Member* member : members_.touched()) {
    if (member->voted) {
      ++member->row.counted;
      member->counted_round = member->ballot_round;
    }
    if (member->invited) {
      ++member->row.invited;
      if (!member->voted) ++member->row.absent;
    }
    enter_invitation(*member, round_);
  }
  members_.untouch_all();
  const auto entries = static_cast<double>(parameter_count(options_.tensors)) * voters_;
  RoundRow row;
  row.round = round_ + 1;
  row.seconds = std::chrono::duration<double>(now - started_at_).count();
  row.delta = static_cast<double>(closed_->record->delta);
  row.train_loss = typical_loss();
  row.voters = voters_;
  row.expected = expected_;
  row.abstained = 1.0 - static_cast<double>(entries_voted_) / entries;
  row.decided = closed_->decided;
  row.fingerprint = closed_->record->fingerprint;
  actions_.push_back(RoundFinished{row});
}

// Two frames at most, shared by all who get them; or a call to those drawn, who pull what they
// miss.
void Session::broadcast(const DecisionRecord& record, const wire::CountedSlots& counted) {
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
  decision.steps = record.steps;
  decision.next = record.next;
  decision.counted = counted;
  decision.evaluate = options_.config.client_eval && evaluation_due();
  if (options_.config.hyper.audience == Audience::kDrawn) {
    for (const Member* member : members_.touched()) {
      if (member->invited && member->live) call(*member);
    }
    return;
  }
  Frame to_voters;
  Frame to_others;
  for (const Member* member : members_.live_members()) {
    Frame& frame = member->invited ? to_voters : to_others;
    if (!frame) {
      decision.vote = member->invited;
      frame = wire::build(decision);
      traffic_.decision_overhead_max = std::max<std::uint64_t>(
          traffic_.decision_overhead_max, frame->size() - record.votes.planes.size());
    }
    ++traffic_.decisions_sent;
    actions_.push_back(SendFrame{member->peer, frame});
  }
}

void Session::on_tally_lost(const TallyLost& lost, Instant now) {
  if (lost.round != round_) return;
  const bool undecided = phase_ == Phase::kClosing && !closed_;
  if (phase_ != Phase::kOpen && phase_ != Phase::kWaiting && !undecided) return;
  if (undecided) phase_ = Phase::kOpen;
  if (stops_ > 0) {
    begin_finish(now, kInterruptWait, stopped());
    if (stops_ > 1) wait_for_nobody(now);
    return;
  }
  note(fmt::format("the tally of round {} was lost: asking for its ballots again", round_));
  traffic_.ballots -= voters_;
  traffic_.ballot_plane_bytes -= plane_bytes_;
  voters_ = 0;
  losses_.clear();
  entries_voted_ = 0;
  plane_bytes_ = 0;
  outstanding_ = 0;
  overdue_ = false;
  deadline_ = now + std::chrono::milliseconds(options_.config.deadline_ms);
  for (Member* member : members_.touched()) {
    member->voted = member->answered = false;
    if (member->expected) ++outstanding_;
    if (member->invited && member->live) {
      refuse(member->peer, wire::RefusalCode::kResend, "send your ballot of this round again");
    }
  }
}

}  // namespace psephos::coordinator
