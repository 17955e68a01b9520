#pragma once
// Who has joined: identities, the connection each of them speaks through now, and what is known of
// each.
//
// An identity is a key where there are keys, else the client's name; the newest Join of an identity
// owns it. Plain values, not thread-safe.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "coordinator/ledger/ledger.h"
#include "runtime/base/token_bucket.h"
#include "runtime/base/units.h"
#include "runtime/run/observations.h"
#include "runtime/signs/slot_codec.h"
#include "runtime/wire/message.h"

namespace psephos::coordinator {

// Catch-up requests of one member: at most this many a second on average, and at once.
inline constexpr double kCatchUpsPerSecond = 64;
inline constexpr double kCatchUpBurst = 256;

// Joins of one member, where Joins are bounded at all: one that repeats them without end does not
// use up what is there for all.
inline constexpr double kJoinsPerSecond = 4;
inline constexpr double kJoinBurst = 32;

// So many times a connection may be replaced before somebody is told that two clients may share a
// name: they take it from each other for ever.
inline constexpr std::uint32_t kSuspiciousTakeovers = 3;

// Two that share a name steal it back within three silent heartbeats and a back-off. Takeovers
// further apart than this many heartbeats, and than the longest back-off twice, are a network that
// went away: they do not add up.
inline constexpr int kTakeoverHeartbeats = 10;
inline constexpr Duration kTakeoverMemory = std::chrono::seconds(60);

struct Member {
  std::string identity;
  std::string peer;             // routing id of the newest Join
  bool live = false;            // changed by Members::set_live alone
  std::uint32_t takeovers = 0;  // Joins over another connection while the last one was live
  Instant taken_over{0};        // when last
  bool left = false;            // said Leave, and has not joined again
  bool missing = false;         // known from before a restart, not heard of since
  Instant last_heard{0};
  std::optional<std::uint32_t> slot;  // its number in lists of slots; none: not seen this session

  // The open round. A member with any of these is touched.
  bool touched = false;  // changed by Members alone
  bool invited = false;
  bool expected = false;  // invited and live when it was opened
  bool answered = false;  // a ballot, or "none"
  bool voted = false;     // counted in the open tally
  std::uint32_t ballot_round =
      0;  // of the ballot in the open tally (older than the round when stale)

  std::uint64_t reading = 0;  // number of the reading of a ballot, of whatever round; 0: none

  // Over the run.
  std::uint64_t invited_before = 0;  // bit i: invited to the round i+1 before `invited_until`
  std::uint32_t invited_until = 0;
  std::optional<std::uint32_t>
      counted_round;                        // highest one committed with a ballot of this identity
  std::optional<std::uint32_t> late_round;  // highest one that a late ballot was entered for
  ClientRow row;
  double agreement_sum = 0;
  std::uint64_t agreement_count = 0;

  TokenBucket catch_ups{kCatchUpsPerSecond, kCatchUpBurst};
  TokenBucket joins{kJoinsPerSecond, kJoinBurst};
};

// Was the member invited to the round `age` before `round` (1 <= age <= 64)?
bool was_invited(const Member& member, std::uint32_t round, std::uint32_t age);
// Enters whether it was invited to `round`, which closes.
void enter_invitation(Member& member, std::uint32_t round);

class Members {
 public:
  // `takeover_memory`: takeovers that are further apart are counted anew.
  explicit Members(std::uint32_t max_clients, Duration takeover_memory = kTakeoverMemory)
      : max_clients_(max_clients), takeover_memory_(takeover_memory) {}

  // Gives `identity` to `peer`; a routing id that owned it before is retired, and an identity that
  // `peer` spoke for before has no connection any more. Ballots of rounds before `first_round` are
  // refused: whoever cast none since may have its place taken when it is not there. Null when the
  // house is full.
  // Null: no place is free, or no slot is left.
  Member* join(const std::string& identity, const std::string& peer, Instant now,
               std::uint32_t first_round = 0);

  // One that voted before a restart, and may join again.
  void restore(const CountedBallot& counted);

  // The member that speaks through `peer`, or null.
  Member* by_peer(const std::string& peer);
  // Was this routing id replaced by a newer Join? Its frames are then ignored.
  bool is_retired(const std::string& peer) const { return retired_.contains(peer); }

  Member* find(const std::string& identity);

  // In byte order of identities: draws depend on it.
  std::map<std::string, Member>& all() { return members_; }
  const std::map<std::string, Member>& all() const { return members_; }

  // A slot is its member's for the session, unless that is forgotten, and is never used again.
  // Given so far:
  std::uint32_t slots() const { return slots_; }
  // May this identity have one?
  bool has_slot_for(const std::string& identity) const {
    if (slots_ < kMaxSlots) return true;
    const auto known = members_.find(identity);
    return known != members_.end() && known->second.slot.has_value();
  }

  std::uint32_t live() const { return live_; }
  // Those, in byte order of identities. Valid until a member joins, comes or goes.
  const std::vector<Member*>& live_members();
  void set_live(Member& member, bool live);
  // Its connection speaks for it no longer; until it joins again, nothing reaches it.
  void disconnect(Member& member);

  // Enters the member into the open round's books. Most of a large crowd has no part in a round,
  // and costs it nothing.
  void touch(Member& member);
  // Those, in the order they came. Valid until a member joins.
  const std::vector<Member*>& touched() const { return touched_; }
  // Closes the books: nobody has a part in the next round yet.
  void untouch_all();

  // Takes a token for one catch-up request; false: too many of late.
  static bool allow_catch_up(Member& member, Instant now);

 private:
  void retire(const std::string& peer);
  bool make_room(std::uint32_t first_round);

  std::uint32_t max_clients_;
  Duration takeover_memory_;
  std::uint32_t live_ = 0;
  std::uint32_t slots_ = 0;
  std::vector<Member*> live_members_;  // as of the last question, unless
  bool live_changed_ = true;
  std::vector<Member*> touched_;
  std::map<std::string, Member> members_;
  std::unordered_map<std::string, std::string> identity_of_;  // routing id -> identity
  std::unordered_map<std::string, std::uint64_t> retired_;    // routing id -> when, in retirements
  std::deque<std::pair<std::uint64_t, std::string>> retired_order_;  // oldest first: bounds the map
  std::uint64_t retirements_ = 0;
};

}  // namespace psephos::coordinator
