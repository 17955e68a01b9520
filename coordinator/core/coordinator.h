#pragma once
// The coordinator without its connections: the session machine, the counting room and the ledger,
// joined. What the machine asks of ballots, counting and ledger is done here; frames, evaluations
// and reports go out through Outlet, which the ZeroMQ server and the simulator implement.
//
// Not thread-safe.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

#include "coordinator/core/ballot_reader.h"
#include "coordinator/counting/counting_room.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/ledger/past.h"
#include "coordinator/session/session.h"
#include "runtime/base/bytes.h"
#include "runtime/report/summary.h"

namespace psephos::coordinator {

class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual void send(const std::string& peer, const Frame& frame) = 0;
  // To be answered, some time later, by a HeldOutEvaluated event. `x`: a copy of the parameters at
  // `round`.
  virtual void evaluate(std::uint32_t round, std::shared_ptr<const AlignedVector<float>> x) = 0;
  virtual void round_finished(const RoundRow& row) = 0;
  virtual void evaluation_known(const EvaluationRow& row) = 0;
  virtual void note(const std::string& text) = 0;
  // A line that must not be lost among the comings and goings of a crowd.
  virtual void note_weighty(const std::string& text) { note(text); }
  // A ballot has entered the open tally. For those who keep books of their own.
  virtual void ballot_counted(const CountedBallot& ballot, const HeldSigns& signs,
                              std::span<const float> scales) {
    static_cast<void>(scales);
    static_cast<void>(ballot);
    static_cast<void>(signs);
  }
};

// The ledger cannot be read or written, or is of another run: nothing may be decided, and the
// process ends with this sentence. Thrown by Coordinator alone.
class LedgerFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct CoordinatorOptions {
  RunConfig config;
  TensorTable tensors;
  std::uint64_t run = 0;  // of a new run; one that goes on has its own
  std::uint64_t session = 0;
  std::uint64_t data_manifest = 0;
  bool held_out = true;
  unsigned threads = 1;  // for counting and applying where d is large; results do not depend on it
  AlignedVector<float> x_0 = {};    // d values, or empty: drawn from tensors and seed
  std::uint64_t held_out_hash = 0;  // samples_hash of that set; 0: there is none
  bool durable = false;             // the ledger outlives the process, and the run may go on
};

using CounterMaker = std::function<std::unique_ptr<VoteCounter>(CounterStart start)>;

// Who reads ballots and counts them. Either may answer later: whoever leads the coordinator then
// calls collect().
struct Hands {
  std::unique_ptr<BallotReader> reader = std::make_unique<ReadingAtOnce>();
  CounterMaker make_counter;  // null: makes a CpuCounter
};

struct Start;  // core/start.h

class Coordinator {
 public:
  // Goes on with the run in `ledger`, or begins one there. `outlet` must outlive this. Throws
  // LedgerFailed where the ledger is of another run (start.h says which) or fails.
  Coordinator(CoordinatorOptions options, std::unique_ptr<Ledger> ledger, Outlet& outlet,
              Hands hands = {});

  // Steps the machine and everything that follows from it, answers of reader and counter included.
  // TallyLost has the counter lose the round's ballots; the machine hears of it if it did. Throws
  // LedgerFailed when the ledger cannot be read or written.
  void handle(const Event& event, Instant now);
  // Does the same for what the reader and the counter have answered since.
  void collect(Instant now);

  Instant next_tick() const { return session_.next_tick(); }
  bool ended() const { return session_.ended(); }
  const std::string& ended_because() const { return because_; }

  const Session& session() const { return session_; }
  const Ledger& ledger() const { return *ledger_; }
  // Its own, of the open round; not to be asked for while that is being decided. Valid until the
  // next call.
  std::span<const float> parameters() const { return counting_.parameters(); }
  // The open round when this coordinator started.
  std::uint32_t first_round() const { return first_round_; }

  // What the machine and the traffic say of the run so far; wall time, accuracy, arithmetic and
  // program are the caller's to fill in.
  Summary summary() const;

 private:
  Coordinator(CoordinatorOptions& options, std::unique_ptr<Ledger>& ledger, Outlet& outlet,
              Hands& hands, Start start);

  void settle(Instant now);
  std::optional<Event> next_event();
  void take_checkpoint_if_due();
  std::uint32_t counted_through(const AnswerCatchUp& action);
  bool may_have_forgotten(const AnswerCatchUp& action) const;
  void perform(const SendFrame& action);
  void perform(const ReadBallot& action);
  void perform(const CountBallot& action);
  void perform(const CloseTally& action);
  void perform(const Commit& action);
  void perform(const CommitEpoch& action);
  void perform(const AnswerCatchUp& action);
  void perform(const EvaluateHeldOut& action);
  void perform(const RoundFinished& action);
  void perform(const EvaluationKnown& action);
  void perform(const Note& action);
  void perform(const End& action);

  CoordinatorOptions options_;
  std::unique_ptr<Ledger> ledger_;
  Outlet& outlet_;
  std::uint32_t first_round_;
  PastFrames past_;
  std::unique_ptr<BallotReader> reader_;
  CountingRoom counting_;
  Session session_;
  std::deque<Event> events_;  // that the machine has not heard yet
  std::uint64_t bytes_up_ = 0;
  std::uint64_t bytes_down_ = 0;
  std::string because_;
};

}  // namespace psephos::coordinator
