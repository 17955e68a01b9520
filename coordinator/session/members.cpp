#include "coordinator/session/members.h"

#include <algorithm>
#include <utility>

namespace psephos::coordinator {

bool was_invited(const Member& member, std::uint32_t round, std::uint32_t age) {
  const std::uint32_t passed = round - member.invited_until;  // rounds without an invitation
  return age > passed && age - passed <= 64 &&
         ((member.invited_before >> (age - passed - 1)) & 1) != 0;
}

void enter_invitation(Member& member, std::uint32_t round) {
  const std::uint32_t passed = round + 1 - member.invited_until;
  member.invited_before = passed < 64 ? member.invited_before << passed : 0;
  if (member.invited) member.invited_before |= 1;
  member.invited_until = round + 1;
}

Member* Members::join(const std::string& identity, const std::string& peer, Instant now,
                      std::uint32_t first_round) {
  if (!has_slot_for(identity)) return nullptr;
  // A connection that joins under another identity gives the old one up.
  if (const auto it = identity_of_.find(peer); it != identity_of_.end() && it->second != identity) {
    if (Member* old = find(it->second)) disconnect(*old);
  }
  auto it = members_.find(identity);
  if (it == members_.end()) {
    if (members_.size() >= max_clients_ && !make_room(first_round)) return nullptr;
    it = members_.emplace(identity, Member{}).first;
    it->second.identity = identity;
    it->second.row.name = identity;
  }
  Member& member = it->second;
  if (!member.slot) member.slot = slots_++;
  if (member.peer != peer) {
    if (member.live) {
      if (now - member.taken_over > takeover_memory_) member.takeovers = 0;
      ++member.takeovers;
      member.taken_over = now;
    }
    if (!member.peer.empty()) retire(member.peer);
    member.peer = peer;
    identity_of_[peer] = identity;
    retired_.erase(peer);
  }
  set_live(member, true);
  member.left = false;
  member.last_heard = now;
  return &member;
}

void Members::restore(const CountedBallot& counted) {
  Member& member = members_[counted.identity];
  member.identity = counted.identity;
  member.row.name = counted.identity;
  member.counted_round = counted.round;
  member.missing = true;
}

Member* Members::by_peer(const std::string& peer) {
  const auto it = identity_of_.find(peer);
  return it == identity_of_.end() ? nullptr : find(it->second);
}

Member* Members::find(const std::string& identity) {
  const auto it = members_.find(identity);
  return it == members_.end() ? nullptr : &it->second;
}

void Members::set_live(Member& member, bool live) {
  if (member.live == live) return;
  member.live = live;
  live ? ++live_ : --live_;
  live_changed_ = true;
}

const std::vector<Member*>& Members::live_members() {
  if (std::exchange(live_changed_, false)) {
    live_members_.clear();
    for (auto& [identity, member] : members_) {
      if (member.live) live_members_.push_back(&member);
    }
  }
  return live_members_;
}

void Members::touch(Member& member) {
  if (!std::exchange(member.touched, true)) touched_.push_back(&member);
}

void Members::untouch_all() {
  for (Member* member : touched_) {
    member->touched = member->invited = member->expected = member->answered = member->voted = false;
  }
  touched_.clear();
}

void Members::disconnect(Member& member) {
  set_live(member, false);
  identity_of_.erase(member.peer);
  member.peer.clear();
}

bool Members::allow_catch_up(Member& member, Instant now) { return member.catch_ups.take(now); }

void Members::retire(const std::string& peer) {
  identity_of_.erase(peer);
  retired_[peer] = ++retirements_;
  retired_order_.emplace_back(retirements_, peer);
  while (retired_order_.size() > max_clients_) {
    // A routing id that came back and was retired anew stays for its later turn.
    const auto& [when, oldest] = retired_order_.front();
    if (const auto it = retired_.find(oldest); it != retired_.end() && it->second == when) {
      retired_.erase(it);
    }
    retired_order_.pop_front();
  }
}

// Forgets the member that has been silent longest, of those that nothing hangs on: forgetting one
// with a ballot that might come again would let that be counted twice, and the end of the run waits
// for those who are missing.
bool Members::make_room(std::uint32_t first_round) {
  auto oldest = members_.end();
  for (auto it = members_.begin(); it != members_.end(); ++it) {
    const Member& member = it->second;
    const bool may_come_again = member.counted_round && *member.counted_round >= first_round;
    if (member.live || member.voted || member.reading != 0 || member.missing || may_come_again)
      continue;
    if (oldest == members_.end() || member.last_heard < oldest->second.last_heard) oldest = it;
  }
  if (oldest == members_.end()) return false;
  if (!oldest->second.peer.empty()) identity_of_.erase(oldest->second.peer);
  if (oldest->second.touched) std::erase(touched_, &oldest->second);
  members_.erase(oldest);
  return true;
}

}  // namespace psephos::coordinator
