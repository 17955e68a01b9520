#pragma once
// The client's side of the protocol as a plain value: events in, actions out. No socket, clock,
// thread or file is touched here, so the agent (agent/) and the simulator drive the very same code,
// and a test can put it through any history.
//
// The machine is level-triggered: every event only updates what is known (frames.cpp), and
// advance() then derives from that the next thing to do (progress.cpp). A lost, late or repeated
// message therefore costs time, never correctness.
//
// Not thread-safe: one caller. Arithmetic is asked for by StartJob, at most one job at a time, and
// its end is reported by an event; heartbeats go on meanwhile.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/state/client_state.h"
#include "runtime/base/philox.h"
#include "runtime/base/units.h"
#include "runtime/wire/limits.h"
#include "runtime/wire/message.h"

namespace psephos::client {

// ---- the arithmetic side's vocabulary ----------------------------------------------------------

// Build the model that Welcome describes, and x_0; or, where the client stood in this run before,
// what it had there.
struct Prepare {
  wire::Welcome welcome;
  std::shared_ptr<const RunState> restored = nullptr;  // of the same run; null: start from x_0
};
struct ComputeBallot {
  std::uint32_t round = 0;
  // The round's terms, if a Welcome said them; else the worker takes those of its replica.
  std::optional<RoundTerms> terms = std::nullopt;
};
// What became of this client's ballot of a round.
struct Fate {
  std::uint32_t round = 0;
  bool counted = false;
};
// Consecutive decisions, the first of them on the replica's round. `frame` owns the planes.
struct ApplyDecisions {
  Frame frame;
  std::vector<wire::Decision> decisions;
  std::optional<Fate> fate = std::nullopt;  // told to the rules before anything else of the job
};
// One chunk of a checkpoint; chunk 0 begins it. `frame` owns the bytes.
struct LoadChunk {
  Frame frame;
  wire::CheckpointChunk chunk;
  std::optional<Fate> fate = std::nullopt;  // likewise
};
struct Evaluate {
  std::uint32_t round = 0;
};
// Bring to safety what would be lost with the process.
struct SaveState {
  Standing standing;
};
using Job = std::variant<Prepare, ComputeBallot, ApplyDecisions, LoadChunk, Evaluate, SaveState>;

struct Prepared {
  std::uint64_t run = 0;
  std::uint64_t fingerprint = 0;  // of x_0 as drawn, or of what was restored
  bool restored = false;
  std::string not_restored_because = {};  // there was something, but not of this model
};
struct BallotReady {
  std::uint32_t round = 0;
  std::shared_ptr<const BallotContent> ballot;
};
struct Applied {
  std::uint32_t round = 0;  // the replica is x_round now
  std::uint64_t fingerprint = 0;
  bool matched = false;  // every decision's fingerprint was met
};
struct ChunkLoaded {
  std::uint32_t checkpoint = 0;  // round
  std::uint32_t chunk = 0;
  bool complete = false;  // that was the last one
  bool matched = false;   // meaningful when complete: form and fingerprint are right
  std::uint64_t fingerprint = 0;
};
struct Evaluated {
  std::uint32_t round = 0;
  double loss = 0;
  double accuracy = 0;
  std::uint64_t samples = 0;
};
struct StateSaved {
  std::string failure;  // empty: it is safe
};
// The job cannot be done, now or later (another model, no such data): the client gives up.
struct JobFailed {
  std::string text;
};
using JobDone =
    std::variant<Prepared, BallotReady, Applied, ChunkLoaded, Evaluated, StateSaved, JobFailed>;

// ---- events and actions ------------------------------------------------------------------------

struct Started {};
struct FrameArrived {
  Frame frame;
};
struct JobEnded {
  JobDone done;
};
struct Tick {};
struct StopAsked {};
using Event = std::variant<Started, FrameArrived, JobEnded, Tick, StopAsked>;

struct SendFrame {
  Frame frame;
};
// Close the socket and connect anew; frames not yet sent are dropped.
struct Reconnect {};
struct StartJob {
  Job job;
};
// A line for the log.
struct Note {
  std::string text;
  bool routine = false;  // said by every client of every run
};
enum class Ending : std::uint8_t { kFinished, kStopped, kFailed };
// The last action: the replica is final.
struct End {
  Ending ending = Ending::kFinished;
  std::string text;
};
using Action = std::variant<SendFrame, Reconnect, StartJob, Note, End>;
using Actions = std::vector<Action>;

// ---- the machine -------------------------------------------------------------------------------

// The client keeps a state every `rounds` rounds, or whenever `time` has passed since the last one.
// It keeps none if both are 0.
struct SaveEvery {
  std::uint32_t rounds = 0;
  Duration time{0};
  bool never() const { return rounds == 0 && time == Duration{0}; }
};

struct SessionOptions {
  std::string name;                   // who this is where there are no keys
  std::uint64_t run = wire::kAnyRun;  // refuse any other run
  std::size_t max_parameters = wire::kDefaultMaxParameters;
  std::uint64_t samples = 0;
  std::uint64_t data_manifest = 0;
  std::uint32_t part = 0;  // of a partition, counted from 1; 0: data of its own
  std::uint32_t parts = 0;
  std::string arithmetic;
  PhiloxKey key;  // jitter of back-off
  // Where this client stood before its process ended; null: it starts clean.
  std::shared_ptr<const RunState> restored = nullptr;
  // Between SaveState jobs, which also come before a clean end. A ballot of a round whose state is
  // to be saved is sent after that: with every round's no crash changes what a run comes to.
  SaveEvery save_every;
};

inline constexpr Duration kJoinWait = std::chrono::seconds(2);  // for the answer to a Join
inline constexpr Duration kFirstBackoff = std::chrono::milliseconds(500);
inline constexpr Duration kLargestBackoff = std::chrono::seconds(30);
inline constexpr int kMissedHeartbeats = 3;
inline constexpr int kMaxBadCheckpoints = 3;  // in a row, before the client gives up
inline constexpr int kMaxBadAnswers = 3;      // to Join, likewise

class Session {
 public:
  explicit Session(SessionOptions options);

  Actions step(const Event& event, Instant now);

  // When the machine next wants a Tick (it may come earlier or later).
  Instant next_tick() const;

  // The round whose parameters the replica holds, once the coordinator named the same fingerprint
  // for it.
  std::optional<std::uint32_t> round() const;
  std::uint64_t fingerprint() const { return fingerprint_; }
  bool ended() const { return ended_; }
  std::uint32_t fingerprint_mismatches() const { return mismatches_; }

 private:
  void on_frame(const Frame& frame, Instant now);
  void on_unusable(const std::string& why, Instant now);
  void on_message(const wire::Welcome& welcome, const Frame& frame, Instant now);
  void on_message(const wire::Decision& decision, const Frame& frame, Instant now);
  void on_message(const wire::Past& past, const Frame& frame, Instant now);
  void on_message(const wire::Call& call, const Frame& frame, Instant now);
  void on_message(const wire::Heartbeat& heartbeat, const Frame& frame, Instant now);
  void on_message(const wire::Finished& finished, const Frame& frame, Instant now);
  void on_message(const wire::Refusal& refusal, const Frame& frame, Instant now);
  void take_chunk(const wire::Past& past, const Frame& frame);
  void take_decisions(const wire::Past& past, const Frame& frame);
  void compare_with_welcome();

  void on_done(const Prepared& done);
  void on_done(const BallotReady& done);
  void on_done(const Applied& done);
  void on_done(const ChunkLoaded& done);
  void on_done(const Evaluated& done);
  void on_done(const StateSaved& done);
  void on_done(const JobFailed& done);
  void on_outdated(const JobDone& done);

  void on_tick(Instant now);
  void advance(Instant now);
  void stop();
  void finish_stopping();
  void finish_when_done();
  bool advance_replica(Instant now);
  void advance_ballot();
  void compare_with_finished();
  void send_kept_ballot();
  void ask_to_catch_up(Instant now);
  void continue_restored();
  bool save_is_due() const;
  bool has_unsaved() const;
  void save();

  void send(const wire::ClientMessage& message);
  void send_join(Instant now);
  void start(Job job);
  void note(std::string text);
  void end(Ending ending, std::string text);
  void lose_session(Instant retry_at);
  void forget_run();
  void forget_restored(const std::string& because);
  void diverged();
  void lose_replica();
  void saw_round(std::uint32_t round);
  bool counts_mine(const wire::Decision& decision) const;
  bool tells_fate(const wire::Past& past) const;
  void invite(std::uint32_t round);
  Duration backoff();

  bool wants_replica() const;
  std::optional<std::uint32_t> next_decision() const;
  std::uint32_t target_round() const;
  std::uint32_t last_round() const;

  SessionOptions options_;
  Actions actions_;
  Instant now_{0};  // of the step
  bool ended_ = false;

  // Joining. While `joined_` is false either an answer is awaited or a retry is.
  bool joined_ = false;
  bool awaiting_answer_ = false;
  bool said_unreachable_ = false;
  bool said_stopped_ = false;     // that the coordinator will come back
  bool reconnect_first_ = false;  // the retry needs a new connection
  Instant retry_at_{0};
  std::uint32_t attempts_ = 0;  // without an answer, in a row
  std::uint32_t backoffs_ = 0;  // draws of jitter so far
  int bad_answers_ = 0;

  // Membership; the last Welcome stays known while the client is not joined.
  std::uint64_t session_ = 0;
  std::uint64_t run_ = wire::kAnyRun;
  wire::Welcome welcome_;
  Instant last_heard_{0};
  Instant next_heartbeat_{0};

  // The replica: x_have_ with fingerprint_, or nothing that may be spoken of. It may be spoken of
  // once the coordinator named the same fingerprint: in epoch_.
  bool prepared_ = false;
  std::optional<std::uint32_t> have_;
  std::uint64_t fingerprint_ = 0;
  std::optional<std::uint32_t> epoch_;
  std::uint32_t mismatches_ = 0;
  int bad_checkpoints_ = 0;

  // What is known of the run.
  std::uint32_t open_round_ = 0;
  std::optional<std::uint32_t> invited_;
  std::optional<std::uint32_t> skipped_;  // an older ballot stands for this round
  std::optional<std::uint32_t> evaluate_;
  std::optional<wire::Finished> finished_;

  // Arithmetic: one job at a time; decisions that overtake it wait, one batch of them.
  struct Applying {
    std::uint32_t to = 0;
    std::uint32_t epoch = 0;
  };
  bool busy_ = false;
  bool outdated_ = false;   // the job is of a replica given up since: its end says nothing
  bool forgotten_ = false;  // and of a run given up since
  std::optional<Applying> applying_;
  std::optional<ApplyDecisions> waiting_;

  // The one ballot, until its round's decision is held.
  struct Kept {
    std::uint32_t round = 0;
    std::shared_ptr<const BallotContent> content;
    bool due = true;  // to be sent, or to be sent again
    bool sent_before = false;
    std::uint64_t sent_in = 0;  // the session that it was last sent in, in its own round
  };
  std::optional<Kept> kept_;
  // The round of a ballot whose fate the rules have not been told: with the first job that leads
  // beyond it.
  std::optional<std::uint32_t> unsettled_;

  // The state that outlives this session. What was brought along waits for a Welcome; of what is
  // saved only the newest standing matters, and whether saving it was tried.
  struct Saved {
    std::uint32_t round = 0;
    bool with_ballot = false;
    bool operator==(const Saved&) const = default;
  };
  std::shared_ptr<const RunState> restored_;
  std::optional<Saved> saved_;
  Instant saved_at_{0};
  bool saving_ = false;         // the job in flight
  bool saving_failed_ = false;  // the last time: said once
  bool stopping_ = false;       // ends when what is unsaved is saved

  // Catch-up: one request outstanding.
  struct Transfer {
    std::uint32_t checkpoint = 0;
    std::uint32_t next_chunk = 0;
  };
  // Set while a request is outstanding (or the coordinator is busy).
  std::optional<Instant> ask_again_at_;
  std::optional<Transfer> transfer_;
  wire::CatchUpReason reason_ = wire::CatchUpReason::kNoState;  // why there is no replica
};

}  // namespace psephos::client
