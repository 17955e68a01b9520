// What a frame means: who speaks, may it count, what is answered.

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "coordinator/session/session.h"
#include "runtime/base/overloaded.h"
#include "runtime/base/short_key.h"

namespace psephos::coordinator {
namespace {

std::uint32_t rounds_held(const wire::Join& join) {
  return join.have_round == wire::kNoRound ? 0 : join.have_round;
}

// The client speaks none of our protocols: which side has to be renewed.
std::string protocol_advice(const wire::Join& join) {
  const bool old = join.protocol_max < wire::kProtocol;
  return fmt::format("this coordinator speaks protocol {}, the client {} to {}: {}",
                     wire::kProtocol, join.protocol_min, join.protocol_max,
                     old ? "install Psephos " PSEPHOS_VERSION " or newer on the client"
                         : "install the client's version of Psephos on the coordinator, which "
                           "is " PSEPHOS_VERSION);
}

}  // namespace

void Session::on_frame(const FrameArrived& arrived, Instant now) {
  heard_ = &arrived;
  take_frame(arrived, now);
  heard_ = nullptr;
}

void Session::take_frame(const FrameArrived& arrived, Instant now) {
  const auto message = wire::read_client_frame(*arrived.frame, parameter_count(options_.tensors));
  if (!message) {
    ++traffic_.malformed;
    // "Say Join first" would be no help to one that did.
    if (wire::refused_frame(*arrived.frame).body == wire::kJoinBody) {
      refuse(arrived.peer, wire::RefusalCode::kMalformed, message.error().text);
      return;
    }
  } else if (const auto* join = std::get_if<wire::Join>(&*message)) {
    on_join(arrived, *join, now);
    return;
  } else if (std::holds_alternative<wire::UnknownMessage>(*message)) {
    return;  // of a later version: answered with nothing
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
  std::visit(Overloaded{
                 [](const wire::Join&) {},  // was answered above
                 [&](const wire::Ballot& ballot) { on_message(*member, ballot, arrived.frame); },
                 [&](const wire::CatchUp& request) { on_message(*member, request, now); },
                 [&](const wire::Evaluation& evaluation) { on_message(*member, evaluation); },
                 [&](const wire::Heartbeat&) { on_heartbeat(*member); },
                 [&](const wire::Leave& leave) { on_message(*member, leave); },
                 [](const wire::UnknownMessage&) {},  // likewise
             },
             *message);
}

void Session::on_join(const FrameArrived& arrived, const wire::Join& join, Instant now) {
  if (join.protocol_min > wire::kProtocol || join.protocol_max < wire::kProtocol) {
    refuse(arrived.peer, wire::RefusalCode::kProtocol, protocol_advice(join));
    return;
  }
  if (join.run != wire::kAnyRun && join.run != options_.run) {
    refuse(arrived.peer, wire::RefusalCode::kOtherRun,
           fmt::format("this coordinator leads run {}, not {}", format_hex(options_.run),
                       format_hex(join.run)));
    return;
  }
  if (join.have_round != wire::kNoRound && join.run == options_.run &&
      join.have_round > options_.config.hyper.rounds) {
    refuse(arrived.peer, wire::RefusalCode::kMalformed,
           fmt::format("this run has {} rounds, not {}", options_.config.hyper.rounds,
                       join.have_round));
    return;
  }
  if (options_.data_manifest != 0 && join.data_manifest != 0 &&
      join.data_manifest != options_.data_manifest) {
    refuse(arrived.peer, wire::RefusalCode::kOtherData,
           "this client's part is of another partition: start it with the coordinator's --dataset, "
           "--partition and --seed and the same number of parts");
    return;
  }
  if (phase_ == Phase::kFinishing && reason_ == wire::FinishReason::kStopped) {
    refuse(arrived.peer, wire::RefusalCode::kBusy,
           "the coordinator is being stopped and goes on with this run later", kBusyWaitMs);
    return;
  }
  const std::string& identity = arrived.key.empty() ? join.name : arrived.key;
  if (Member* before = members_.by_peer(arrived.peer); before && before->identity != identity) {
    gone(*before);
  }
  Member* known = members_.find(identity);
  if (const std::uint32_t wait_ms = join_wait_ms(known, now); wait_ms > 0) {
    ++traffic_.joins_put_off;
    refuse(arrived.peer, wire::RefusalCode::kBusy, "too many Joins at this moment", wait_ms);
    return;
  }
  const bool was_live = known != nullptr && known->live;
  const std::uint32_t first_round = round_ - std::min(round_, options_.config.hyper.staleness);
  Member* member = members_.join(identity, arrived.peer, now, first_round);
  if (member == nullptr) {
    ++traffic_.joins_refused_full;
    refuse(arrived.peer, wire::RefusalCode::kBusy,
           members_.has_slot_for(identity)
               ? fmt::format("all {} places are taken (--max-clients)", options_.config.max_clients)
               : std::string("too many different clients have joined since this coordinator "
                             "started: start it again"),
           kBusyWaitMs * 30);
    return;
  }
  // Who was invited before a restart is not written down; where everybody was, it is known.
  if (everybody_votes() && options_.round > 0 && member->invited_until == 0) {
    member->invited_before = ~std::uint64_t{0};
    member->invited_until = options_.round;
  }
  member->row.name = shown_name(join.name, arrived.key);
  if (member->takeovers == kSuspiciousTakeovers) {
    raise_takeover_alarm(*member, !arrived.key.empty(), now);
  }
  if (!was_live) enter(MembershipEvent::Kind::kJoined, member->identity);
  found(*member);
  member->row.samples = join.samples;
  if (knows_more(join) && !std::exchange(epoch_raised_, true)) raise_epoch(*member, join);
  // In an open round its ballot counts if it comes in time, but nobody waits for it.
  if (everybody_votes() && (phase_ == Phase::kWaiting || phase_ == Phase::kOpen)) {
    member->invited = true;
    members_.touch(*member);
  }
  send(arrived.peer, welcome_for(*member));
  if (phase_ == Phase::kFinishing) send_finished(arrived.peer);
}

void Session::found(Member& member) {
  if (std::exchange(member.missing, false) && missing_ > 0) --missing_;
}

// 0: come in. Else: not before so many milliseconds.
std::uint32_t Session::join_wait_ms(Member* known, Instant now) {
  if (options_.config.max_joins_per_second == 0) return 0;
  if (known != nullptr && !known->joins.take(now)) return kBusyWaitMs;
  return join_rate_.wait_ms(now);
}

// Does this client hold a round, or stand in an epoch, that the ledger has not? Rounds of an older
// epoch were given up when the ledger's began.
bool Session::knows_more(const wire::Join& join) const {
  if (join.run != options_.run || join.epoch < epoch_ || join.epoch - epoch_ > kMostEpochsAhead ||
      join.epoch == std::numeric_limits<std::uint32_t>::max()) {
    return false;
  }
  return join.epoch > epoch_ || rounds_held(join) > round_;
}

// The ledger was behind its clients: restored from a backup, or from a disk that lied. The new
// epoch is above the one that this client stands in, so that their histories share no number.
void Session::raise_epoch(const Member& member, const wire::Join& join) {
  epoch_ = join.epoch + 1;
  const std::uint32_t held = rounds_held(join);
  const std::uint32_t lost = held > round_ ? held - round_ : 0;
  actions_.push_back(CommitEpoch{{epoch_, round_, lost}});
  note_weighty(fmt::format(
      "client {} says that it holds round {} of epoch {}, and the ledger ends at {}: {} rounds "
      "were lost if that is so; epoch {} begins here and clients that are ahead take the "
      "checkpoint",
      member.row.name, held, join.epoch, round_, lost, epoch_));
  // Who is in would go on under the old epoch's number, and know less than it does when the ledger
  // is restored once more.
  for (const Member* other : members_.live_members()) {
    if (other == &member) continue;
    refuse(other->peer, wire::RefusalCode::kRejoin, fmt::format("epoch {} begins", epoch_));
  }
}

void Session::raise_takeover_alarm(Member& member, bool keyed, Instant now) {
  ++traffic_.takeover_alarms;
  member.takeovers = 0;
  if (!alarm_lines_.take(now)) return;
  note_weighty(
      fmt::format("{} joined over another connection {} times while it was there: {}",
                  member.row.name, kSuspiciousTakeovers,
                  keyed ? "its key may be in two places; if nobody copied it on purpose, take it "
                          "off the list and give the client a new one"
                        : "if two clients share that name, give each its own (--name)"));
}

// A ballot of the open round that has been counted stays counted: it came while the key was good.
// One that is still being read does not count any more.
void Session::on_revoked(const KeyRevoked& revoked) {
  const std::string text = fmt::format(
      "the key {} is not on the coordinator's list any more: have it added again, or "
      "make a new pair with psephos-keygen",
      revoked.key);
  Member* member = members_.find(revoked.key);
  if (member != nullptr) found(*member);  // nobody waits for it any more
  const bool connected = member != nullptr && !member->peer.empty();
  if (!revoked.peer.empty()) refuse(revoked.peer, wire::RefusalCode::kNotAllowed, text);
  if (!connected) return;
  if (revoked.peer.empty()) refuse(member->peer, wire::RefusalCode::kNotAllowed, text);
  note_weighty(fmt::format("client {} is out: its key was revoked", member->row.name));
  gone(*member);
  stop_reading(*member);
  members_.disconnect(*member);
}

void Session::on_message(Member& member, const wire::CatchUp& request, Instant now) {
  if (!Members::allow_catch_up(member, now)) {
    ++traffic_.catch_ups_put_off;
    refuse(member.peer, wire::RefusalCode::kBusy, "too many catch-up requests", kBusyWaitMs);
    return;
  }
  Asker asker;
  asker.counted_through = member.counted_round.value_or(wire::kNoRound);
  asker.vote = is_invited(member);  // the decision that it missed would have said it
  asker.evaluate = is_asked_to_evaluate();
  actions_.push_back(AnswerCatchUp{member.peer, member.identity, request, asker});
  if (phase_ == Phase::kFinishing) send_finished(member.peer);
}

void Session::on_message(Member& member, const wire::Evaluation& evaluation) {
  if (!options_.config.client_eval || evaluation.round != evaluation_round_) return;
  // Nobody has seen more samples than it joined with.
  if (std::min(evaluation.samples, member.row.samples) == 0) return;
  wire::Evaluation& entered = evaluations_[member.identity] = evaluation;
  entered.samples = std::min(evaluation.samples, member.row.samples);
}

void Session::on_heartbeat(const Member& member) {
  send(member.peer, wire::Heartbeat{options_.session, round_});
  if (phase_ == Phase::kFinishing) send_finished(member.peer);
}

void Session::on_message(Member& member, const wire::Leave& leave) {
  if (!std::exchange(member.left, true)) enter(MembershipEvent::Kind::kLeft, member.identity);
  gone(member);
  if (leave.reason != wire::LeaveReason::kFinished) {
    note(fmt::format("client {} left{}", member.row.name,
                     leave.reason == wire::LeaveReason::kFailed ? ": it cannot take part" : ""));
  }
}

}  // namespace psephos::coordinator
