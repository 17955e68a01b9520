#pragma once
// The coordinator's side of the protocol as a plain value: who votes, when a round closes, who is
// told what. Events in, actions out; no socket, clock, thread or file, and it never looks into
// planes: what they hold is read (ReadBallot) and counted elsewhere. core/ performs the actions
// that concern ballots and the ledger; the ZeroMQ server and the simulator provide the rest.
//
// A decision is broadcast only on Committed. Not thread-safe.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "coordinator/ledger/past.h"
#include "coordinator/session/closed_round.h"
#include "coordinator/session/join_rate.h"
#include "coordinator/session/members.h"
#include "runtime/base/result.h"
#include "runtime/run/observations.h"
#include "runtime/run/run_config.h"
#include "runtime/signs/ballot_codec.h"
#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"

namespace psephos::coordinator {

// ---- events ------------------------------------------------------------------------------------

struct Started {};
struct FrameArrived {
  std::string peer;  // routing id
  std::string key;   // public key that CURVE vouches for; empty without keys
  Frame frame;
};
// `key` is not allowed to take part any more: its membership ends, and whoever speaks through
// `peer` with it (none: its last connection) is told so. The server says it when the list changes,
// and in place of every frame that comes with such a key.
struct KeyRevoked {
  std::string key;
  std::string peer;
};
struct Tick {};
// Answers ReadBallot, at once or later, and in any order.
struct BallotRead {
  std::string identity;
  std::uint64_t reading = 0;  // ReadBallot's
  Result<HeldSigns> signs;
};
struct RoundClosed {
  ClosedRound closed;
};
struct Committed {
  std::uint32_t round = 0;
};
struct HeldOutEvaluated {
  std::uint32_t round = 0;
  EvaluationResult result;
};
// The ballots counted so far are gone, and are asked for again. The CPU never loses them; a device
// that counts may.
struct TallyLost {
  std::uint32_t round = 0;
};
// Ends the run after the rounds committed so far; a second one ends it without waiting for clients.
struct StopAsked {};
using Event = std::variant<Started, FrameArrived, KeyRevoked, Tick, BallotRead, RoundClosed,
                           Committed, HeldOutEvaluated, TallyLost, StopAsked>;

// ---- actions -----------------------------------------------------------------------------------

struct SendFrame {
  std::string peer;
  Frame frame;
};
// A ballot that may count if its planes are well-formed: to be found out (decode_held), and
// answered by BallotRead. A member has one that is being read at most.
struct ReadBallot {
  std::string identity;
  std::uint64_t reading = 0;  // which reading this is: each has a number of its own
  Encoding encoding = Encoding::kNone;
  std::span<const std::uint8_t> planes;  // within `frame`
  std::size_t parameters = 0;            // that the planes must be of
  Frame frame;
};
// A ballot that may count and was found well-formed.
struct CountBallot {
  std::string identity;
  std::uint32_t round = 0;  // that it was cast in: `staleness` before the open one at most
  HeldSigns signs;
  std::vector<float> scales;  // what it reports: one per tensor where the ballot rule asks, or none
};
struct CloseTally {
  std::uint32_t round = 0;
};
struct Commit {
  DecisionRef record;
  Membership membership;
  CountsRef counts;  // the record's
};
// Like every action it is performed before those behind it: nobody hears of an epoch that is not in
// the ledger.
struct CommitEpoch {
  EpochRecord record;
};
struct AnswerCatchUp {
  std::string peer;
  std::string identity;
  wire::CatchUp request;
  Asker asker;  // as far as the machine knows it
};
struct EvaluateHeldOut {
  std::uint32_t round = 0;
};
struct RoundFinished {
  RoundRow row;
};
struct EvaluationKnown {
  EvaluationRow row;
};
// A line for the log. `weighty`: not one of the comings and goings that a crowd makes many of. The
// number of weighty ones is bounded here, so that none need be left out.
struct Note {
  std::string text;
  bool weighty = false;
};
// The last action.
struct End {
  std::string because;  // "finished", "interrupted"
};
using Action =
    std::variant<SendFrame, ReadBallot, CountBallot, CloseTally, Commit, CommitEpoch, AnswerCatchUp,
                 EvaluateHeldOut, RoundFinished, EvaluationKnown, Note, End>;
using Actions = std::vector<Action>;

// ---- the machine -------------------------------------------------------------------------------

struct SessionOptions {
  RunConfig config;
  TensorTable tensors;
  std::uint64_t run = 0;      // never 0
  std::uint64_t session = 0;  // drawn at random at each start
  std::uint32_t round = 0;    // the open one
  std::uint32_t epoch = 0;
  std::uint64_t fingerprint = 0;    // of x at `round`
  std::uint64_t data_manifest = 0;  // partition that clients must agree on; 0: any
  bool held_out = true;             // somebody answers EvaluateHeldOut
  bool x0_given = false;            // clients cannot draw x_0
  RoundTerms terms;                 // of the open round
  bool durable = false;             // a stopped run can go on: its ledger outlives the process
  // A run that goes on: the ballots that clients might still send again, the newest of each.
  std::vector<CountedBallot> counted = {};
};

inline constexpr Duration kFinishWait = std::chrono::seconds(30);  // for the last acknowledgements
inline constexpr Duration kInterruptWait = std::chrono::seconds(5);  // likewise after StopAsked
// Whoever was heard of this lately and is away when the run ends is waited for, for as long.
inline constexpr Duration kAwayMemory = std::chrono::seconds(10);
inline constexpr int kMissedHeartbeats = 3;
// What a voter says of its loss, at most: nothing real is larger, and claims are averaged.
inline constexpr float kLargestLoss = 1e6F;
inline constexpr std::uint32_t kBusyWaitMs = 1000;

// Alarms about one client in two places: so many lines a second on average, and at once. All are
// counted.
inline constexpr double kAlarmsPerSecond = 1;
inline constexpr double kAlarmBurst = 20;

// A client that is ahead raises the epoch above the one it knows of. A restored backup is some
// epochs behind its clients, one for each restoration; a larger step is a lie, which would use up
// the numbers that later restorations need.
inline constexpr std::uint32_t kMostEpochsAhead = 1024;

// What crossed the wire, as far as the machine can see it, and what of it was turned away.
struct TrafficTotals {
  std::uint64_t ballots = 0;
  std::uint64_t ballot_plane_bytes = 0;
  std::uint64_t ballot_overhead_max = 0;
  std::uint64_t decisions = 0;
  std::uint64_t decisions_sent = 0;  // one for every client that was sent one
  std::uint64_t decision_plane_bytes = 0;
  std::uint64_t decision_overhead_max = 0;
  std::uint64_t malformed = 0;      // frames that could not be read, or their planes
  std::uint64_t joins_put_off = 0;  // beyond config.max_joins_per_second, or one member's share
  std::uint64_t joins_refused_full = 0;  // beyond config.max_clients
  std::uint64_t catch_ups_put_off = 0;   // beyond kCatchUpsPerSecond
  std::uint64_t takeover_alarms = 0;     // times that one client seemed to be in two places
};

class Session {
 public:
  explicit Session(SessionOptions options);

  Actions step(const Event& event, Instant now);
  Instant next_tick() const;

  std::uint32_t round() const { return round_; }
  std::uint64_t fingerprint() const { return fingerprint_; }
  std::uint32_t epoch() const { return epoch_; }
  bool ended() const { return phase_ == Phase::kEnded; }
  const TrafficTotals& traffic() const { return traffic_; }
  std::vector<ClientRow> client_rows() const;
  std::uint32_t clients() const { return static_cast<std::uint32_t>(members_.all().size()); }

 private:
  enum class Phase {
    kWaiting,    // round 0: for min_clients to join
    kOpen,       // ballots are counted
    kClosing,    // the tally is being decided and committed
    kFinishing,  // all rounds done: last answers and acknowledgements
    kEnded,
  };

  // A ballot that is being read: what its frame said beside the planes.
  struct Reading {
    std::string peer;  // that brought it
    std::uint32_t round = 0;
    Encoding encoding = Encoding::kNone;
    double loss = 0;
    std::vector<float> scales;
    std::size_t plane_bytes = 0;
    std::size_t frame_bytes = 0;
  };

  void on_frame(const FrameArrived& arrived, Instant now);
  void take_frame(const FrameArrived& arrived, Instant now);
  void on_revoked(const KeyRevoked& revoked);
  void raise_takeover_alarm(Member& member, bool keyed, Instant now);
  void on_join(const FrameArrived& arrived, const wire::Join& join, Instant now);
  std::uint32_t join_wait_ms(Member* known, Instant now);
  void on_message(Member& member, const wire::Ballot& ballot, const Frame& frame);
  bool may_count(Member& member, std::uint32_t ballot_round);
  void start_reading(Member& member, const wire::Ballot& ballot, const Frame& frame);
  void stop_reading(Member& member);
  void on_read(const BallotRead& read);
  void turn_away(Member& member, const std::string& peer, std::uint32_t round, std::string why);
  void on_message(Member& member, const wire::CatchUp& request, Instant now);
  void on_message(Member& member, const wire::Evaluation& evaluation);
  void on_heartbeat(const Member& member);
  void on_message(Member& member, const wire::Leave& leave);
  void on_started(Instant now);
  void on_closed(const ClosedRound& closed);
  void answered(Member& member);
  void gone(Member& member);
  void back(Member& member);
  void enter(MembershipEvent::Kind kind, const std::string& identity);
  void found(Member& member);
  bool knows_more(const wire::Join& join) const;
  void raise_epoch(const Member& member, const wire::Join& join);
  void on_committed(std::uint32_t round, Instant now);
  void on_held_out(const HeldOutEvaluated& evaluated);
  void on_tally_lost(const TallyLost& lost, Instant now);
  void on_tick(Instant now);
  void on_stop(Instant now);

  void advance(Instant now);
  bool may_close(Instant now);
  void open_round(Instant now);
  void invite();
  void close_round_books(Instant now);
  void broadcast(const DecisionRecord& record, const wire::CountedSlots& counted);
  void roll_call(Instant now);
  void evaluate_held_out();
  void deadline_passed(Instant now);
  void begin_finish(Instant now, Duration wait, wire::FinishReason reason);
  bool may_come_back(const Member& member, Instant now) const;
  wire::FinishReason stopped() const;
  wire::Finished finished() const;
  wire::CountedSlots counted_slots() const;
  bool is_invited(const Member& member) const;
  bool is_asked_to_evaluate() const;
  double typical_loss();
  void wait_for_nobody(Instant now);
  bool acceptable(const Member& member, std::uint32_t ballot_round) const;
  bool evaluation_due() const;
  void flush_client_evaluations();

  void send(const std::string& peer, const wire::CoordinatorMessage& message);
  // Names the frame that is being looked at, if that is the peer's, or `of`.
  void refuse(const std::string& peer, wire::RefusalCode code, std::string text,
              std::uint32_t wait_ms = 0);
  void refuse(const std::string& peer, wire::RefusalCode code, std::string text,
              std::uint32_t wait_ms, const wire::RefusedFrame& of);
  void send_finished(const std::string& peer);
  void call(const Member& member);
  void note(std::string text);
  void note_weighty(std::string text);
  wire::Welcome welcome_for(const Member& member) const;
  PhiloxKey run_key() const { return {options_.config.hyper.seed, kRunStream}; }
  bool everybody_votes() const { return options_.config.fraction >= 1.0; }

  SessionOptions options_;
  Actions actions_;
  const FrameArrived* heard_ = nullptr;  // the frame that is being looked at
  Phase phase_ = Phase::kWaiting;
  Members members_;
  JoinRate join_rate_;
  TokenBucket alarm_lines_{kAlarmsPerSecond, kAlarmBurst};
  std::uint32_t epoch_ = 0;
  bool epoch_raised_ = false;  // at most once a session: a liar must not churn epochs

  // The open round.
  std::uint32_t round_ = 0;
  std::uint64_t fingerprint_ = 0;
  RoundTerms terms_;
  Instant deadline_{0};
  std::uint32_t draws_ = 0;
  bool overdue_ = false;  // a deadline passed below the minimum: closes when that is reached
  std::uint32_t voters_ = 0;
  std::uint32_t expected_ = 0;     // at opening
  std::uint32_t outstanding_ = 0;  // members expected and not answered yet
  std::vector<float> losses_;      // of the ballots counted
  std::uint64_t entries_voted_ = 0;
  std::uint64_t plane_bytes_ = 0;
  // Once it may close: the readings that had begun by then, up to this number. It waits for them,
  // so that a ballot which came in time counts however long it takes to be read.
  std::optional<std::uint64_t> closes_after_;
  std::optional<ClosedRound> closed_;
  Membership membership_;  // since the last decision

  // Ballots that are being read, of this round and of those before.
  std::uint64_t readings_ = 0;  // begun so far: the number of the newest
  std::map<std::uint64_t, Reading> being_read_;

  // Clients' reports on the last evaluation round.
  std::uint32_t evaluation_round_ = 0;
  std::map<std::string, wire::Evaluation> evaluations_;
  std::uint32_t held_out_pending_ = 0;
  std::optional<std::uint32_t> held_out_asked_;  // last round asked for

  // The end.
  std::uint32_t stops_ = 0;  // asked for so far
  wire::FinishReason reason_ = wire::FinishReason::kDone;
  Instant finish_by_{0};
  // The end, which they may have missed, waits for so many: voters of the last round before a
  // restart that have not been heard of since, and who was there shortly before the end.
  std::uint32_t missing_ = 0;
  Instant away_until_ = Instant::max();  // where all of them were there shortly before: no longer

  Instant started_at_{0};
  Instant next_roll_call_{0};  // when silence is looked for again
  TrafficTotals traffic_;
};

}  // namespace psephos::coordinator
