// From a ballot's frame to the tally: may it count, is it well-formed, may it still count.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "coordinator/session/session.h"

namespace psephos::coordinator {

void Session::on_message(Member& member, const wire::Ballot& ballot, const Frame& frame) {
  if (ballot.run != options_.run || ballot.round > round_) return;
  if (member.reading != 0) {
    // One that cannot count any more must not stand in the way of the open round's.
    const Reading& before = being_read_.at(member.reading);
    if (ballot.round <= before.round || acceptable(member, before.round)) return;
    stop_reading(member);
  }
  if (!may_count(member, ballot.round)) return;
  if (ballot.encoding == Encoding::kNone) {
    if (ballot.round == round_) answered(member);
    return;
  }
  const bool asks = options_.config.hyper.ballot.rule->needs.scales;
  const std::size_t reports = asks ? options_.tensors.size() : 0;
  if (ballot.scales.size() != reports) {
    turn_away(member, member.peer, ballot.round,
              fmt::format("a ballot of this run reports {} scales, not {}", reports,
                          ballot.scales.size()));
    return;
  }
  start_reading(member, ballot, frame);
}

// May a ballot of this round enter the open tally? One that comes too late is entered as such.
bool Session::may_count(Member& member, std::uint32_t ballot_round) {
  const bool counting = phase_ == Phase::kOpen || phase_ == Phase::kWaiting;
  const bool duplicate =
      member.voted || (member.counted_round && ballot_round <= *member.counted_round);
  if (duplicate) return false;
  if (counting && acceptable(member, ballot_round)) return true;
  const bool late = ballot_round < round_ || phase_ == Phase::kClosing;
  // Sent again, it is still the same ballot.
  if (late && (!member.late_round || ballot_round > *member.late_round)) {
    member.late_round = ballot_round;
    ++member.row.late;
  }
  return false;
}

// Fresh or at most `staleness` rounds old, from somebody who was asked for that round.
bool Session::acceptable(const Member& member, std::uint32_t ballot_round) const {
  const std::uint32_t age = round_ - ballot_round;
  if (age > options_.config.hyper.staleness) return false;
  return age == 0 ? member.invited : was_invited(member, round_, age);
}

void Session::start_reading(Member& member, const wire::Ballot& ballot, const Frame& frame) {
  Reading reading;
  reading.peer = member.peer;
  reading.round = ballot.round;
  reading.encoding = ballot.encoding;
  reading.loss = ballot.loss;
  reading.scales = ballot.scales;
  reading.plane_bytes = ballot.planes.size();
  reading.frame_bytes = frame->size();
  member.reading = ++readings_;
  being_read_.emplace(member.reading, std::move(reading));
  actions_.push_back(ReadBallot{member.identity, member.reading, ballot.encoding, ballot.planes,
                                parameter_count(options_.tensors), frame});
}

// Its answer, when it comes, means nothing any more.
void Session::stop_reading(Member& member) { being_read_.erase(std::exchange(member.reading, 0)); }

void Session::on_read(const BallotRead& read) {
  Member* found = members_.find(read.identity);
  if (found == nullptr || found->reading == 0 || found->reading != read.reading) return;
  Member& member = *found;
  const Reading ballot = being_read_.at(read.reading);
  stop_reading(member);
  if (!may_count(member, ballot.round)) return;  // the round may have closed meanwhile
  if (!read.signs) return turn_away(member, ballot.peer, ballot.round, read.signs.error().text);
  if (options_.config.downlink == Downlink::kBinary && ballot.encoding != Encoding::kBinary) {
    return turn_away(member, ballot.peer, ballot.round,
                     "this run's downlink is binary: ballots may not abstain");
  }
  member.voted = true;
  member.ballot_round = ballot.round;
  ++voters_;
  losses_.push_back(std::clamp(static_cast<float>(ballot.loss), -kLargestLoss, kLargestLoss));
  entries_voted_ += read.signs->voted;
  ++traffic_.ballots;
  traffic_.ballot_plane_bytes += ballot.plane_bytes;
  plane_bytes_ += ballot.plane_bytes;
  traffic_.ballot_overhead_max = std::max<std::uint64_t>(traffic_.ballot_overhead_max,
                                                         ballot.frame_bytes - ballot.plane_bytes);
  answered(member);
  actions_.push_back(CountBallot{member.identity, ballot.round, *read.signs, ballot.scales});
}

// A ballot that cannot be counted, from `peer`. Whoever speaks for the member through another
// connection by now did not send it, and its own may have been dropped meanwhile.
void Session::turn_away(Member& member, const std::string& peer, std::uint32_t round,
                        std::string why) {
  ++traffic_.malformed;
  if (member.peer != peer) {
    if (is_invited(member) && member.live) call(member);
    return;
  }
  answered(member);  // it will not get better by waiting
  refuse(peer, wire::RefusalCode::kMalformed, std::move(why), 0, {wire::kBallotBody, round, 0});
}

}  // namespace psephos::coordinator
