#pragma once
// A session machine under a virtual clock, spoken to in frames, for tests. What it asks of counting
// and ledger is done here by a list of names: independent of planes, and it objects to any ballot
// that is counted twice. Planes are read at once, or when a test says so.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "coordinator/session/session.h"
#include "runtime/signs/ballot_codec.h"
#include "runtime/wire/message.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos::coordinator::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr std::uint64_t kRun = 0x1122334455667788;
inline constexpr std::uint64_t kSession = 0xA1B2C3D4E5F60718;
inline constexpr std::uint64_t kFirstFingerprint = 500;  // of x_0; x_k has this + k here
inline constexpr std::size_t kParameters = 40;
// Ballots: a + or a - for every parameter.
inline const std::string kPlus(kParameters, '+');
inline const std::string kMinus(kParameters, '-');

// Fast to speak of: heartbeats every second, deadlines every ten.
inline RunConfig config_for(std::uint32_t min_voters) {
  RunConfig config;
  config.hyper.rounds = 100;
  config.hyper.heartbeat_ms = 1000;
  config.min_voters = min_voters;
  config.deadline_ms = 10'000;
  config.eval_every = 0;
  return config;
}

inline SessionOptions options_for(const RunConfig& config) {
  SessionOptions options;
  options.config = config;
  options.tensors = {{"weight", 0, kParameters, 0.5F}};
  options.run = kRun;
  options.session = kSession;
  options.fingerprint = kFirstFingerprint;
  options.held_out = false;
  return options;
}

inline wire::Join join_of(std::string name) {
  wire::Join join;
  join.name = std::move(name);
  join.arithmetic = "test";
  join.samples = 10;
  return join;
}

// A ballot for `round` that votes as `signs` say ('+', '-', '0') and reports `scales`; the frame
// holds everything.
inline Frame ballot_frame(std::uint32_t round, const std::string& signs,
                          std::uint64_t session = kSession, std::uint64_t run = kRun,
                          std::vector<float> scales = {}, float loss = 0.5F) {
  const EncodedSigns votes = encode(psephos::testing::signs_of(signs));
  wire::Ballot ballot;
  ballot.session = session;
  ballot.run = run;
  ballot.round = round;
  ballot.encoding = votes.encoding;
  ballot.planes = votes.planes;
  ballot.loss = loss;
  ballot.samples = 32;
  ballot.scales = std::move(scales);
  return wire::build(ballot);
}

inline Frame none_frame(std::uint32_t round) {
  wire::Ballot ballot;
  ballot.session = kSession;
  ballot.run = kRun;
  ballot.round = round;
  return wire::build(ballot);
}

// Of the right size, and not what the codec allows: bits past d.
inline Frame malformed_frame(std::uint32_t round) {
  const Bytes planes(4 * word_count(kParameters), 0xFF);
  wire::Ballot ballot;
  ballot.session = kSession;
  ballot.run = kRun;
  ballot.round = round;
  ballot.encoding = Encoding::kBinary;
  ballot.planes = planes;
  return wire::build(ballot);
}

class Machine {
 public:
  explicit Machine(const RunConfig& config) : Machine(options_for(config)) {}
  explicit Machine(SessionOptions options) : session(std::move(options)) { step(Started{}); }

  // ---- what happens; `actions` are then those that followed ----

  void step(const Event& event) {
    actions.clear();
    happen(event);
  }
  // Time passes, with a tick whenever the machine wants one.
  void pass(Duration duration) {
    actions.clear();
    const Instant until = now + duration;
    while (!session.ended() && session.next_tick() <= until) {
      now = std::max(now, session.next_tick());
      happen(Tick{});
    }
    now = until;
  }
  void frame(const std::string& peer, const Frame& frame, const std::string& key = "") {
    step(FrameArrived{peer, key, frame});
  }
  void tell(const std::string& peer, const wire::ClientMessage& message) {
    frame(peer, wire::build(message));
  }
  void join(const std::string& name) { tell(name, join_of(name)); }
  void join_all(const std::vector<std::string>& names) {
    for (const std::string& name : names) join(name);
  }
  void ballot(const std::string& peer, std::uint32_t round) {
    frame(peer, ballot_frame(round, std::string(kParameters, '+')));
  }
  void heartbeat(const std::string& peer) { tell(peer, wire::Heartbeat{kSession, 0}); }
  void leave(const std::string& peer, wire::LeaveReason reason = wire::LeaveReason::kStopped) {
    tell(peer, wire::Leave{kSession, reason});
  }
  void stop() { step(StopAsked{}); }
  // The decision that a counting room would take of the names it counted.
  void decide() {
    auto record = std::make_shared<DecisionRecord>();
    record->round = session.round();
    record->delta = 0.25F;
    record->votes = encode(psephos::testing::signs_of(std::string(kParameters, '-')));
    record->voters = static_cast<std::uint32_t>(tally.size());
    for (const auto& [identity, round] : tally) record->counted.push_back({identity, round});
    record->fingerprint = kFirstFingerprint + session.round() + 1;
    step(RoundClosed{{record, {}, nullptr, 1.0}});
  }
  // What becomes of the ballot that has been in hand longest.
  void read() {
    ASSERT_FALSE(in_hand.empty());
    const ReadBallot task = in_hand.front();
    in_hand.pop_front();
    step(answer(task));
  }
  void commit() {
    for (const auto& [identity, round] : std::exchange(tally, {})) counted[identity] = round;
    step(Committed{session.round()});
  }

  // ---- what followed ----

  // Messages of one kind that `peer` was sent. Planes are valid until the next event.
  template <class T>
  std::vector<T> heard(const std::string& peer) const {
    std::vector<T> messages;
    for (const Action& action : actions) {
      const auto* sent = std::get_if<SendFrame>(&action);
      if (sent == nullptr || sent->peer != peer) continue;
      const auto message = wire::read_coordinator_frame(*sent->frame, kParameters);
      EXPECT_TRUE(message.ok());
      if (const T* one = std::get_if<T>(&*message)) messages.push_back(*one);
    }
    return messages;
  }
  // Codes of the refusals that `peer` was sent.
  std::vector<wire::RefusalCode> refusals(const std::string& peer) const {
    std::vector<wire::RefusalCode> codes;
    for (const auto& one : heard<wire::Refusal>(peer)) {
      codes.push_back(static_cast<wire::RefusalCode>(one.code));
    }
    return codes;
  }
  std::size_t frames_to(const std::string& peer) const {
    std::size_t count = 0;
    for (const SendFrame& sent : did<SendFrame>()) count += sent.peer == peer;
    return count;
  }
  template <class T>
  std::vector<T> did() const {
    std::vector<T> some;
    for (const Action& action : actions) {
      if (const T* one = std::get_if<T>(&action)) some.push_back(*one);
    }
    return some;
  }
  // The one message or action of its kind; a failure when there is not exactly one.
  template <class T>
  T only(const std::string& peer) const {
    return the_one(heard<T>(peer));
  }
  template <class T>
  T only() const {
    return the_one(did<T>());
  }
  template <class T>
  bool asked() const {
    return !did<T>().empty();
  }
  // The row of clients.csv.
  ClientRow row(const std::string& identity) const {
    for (const ClientRow& one : session.client_rows()) {
      if (one.name == identity) return one;
    }
    ADD_FAILURE() << identity << " is not known";
    return {};
  }

  Session session;
  Instant now{0};
  Actions actions;
  bool by_itself = true;                         // tallies are decided and committed at once
  bool reads_at_once = true;                     // ballots that may count
  std::deque<ReadBallot> in_hand;                // to be read
  std::map<std::string, std::uint32_t> tally;    // open round: identity -> its ballot's round
  std::map<std::string, std::uint32_t> counted;  // committed: identity -> highest round

 private:
  template <class T>
  static T the_one(const std::vector<T>& all) {
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? T{} : all.front();
  }
  void happen(const Event& event) {
    if (std::holds_alternative<TallyLost>(event)) tally.clear();
    const Actions some = session.step(event, now);
    for (const Action& action : some) {
      if (const auto* task = std::get_if<ReadBallot>(&action)) {
        in_hand.push_back(*task);
        continue;
      }
      actions.push_back(action);
      if (const auto* count = std::get_if<CountBallot>(&action)) {
        this->count(*count);
      } else if (std::holds_alternative<CloseTally>(action) && by_itself) {
        decide_and_commit();
      }
    }
    while (reads_at_once && !in_hand.empty()) {
      const ReadBallot task = in_hand.front();
      in_hand.pop_front();
      happen(answer(task));
    }
  }
  static BallotRead answer(const ReadBallot& task) {
    return {task.identity, task.reading,
            decode_held(task.encoding, task.planes, task.parameters, task.frame)};
  }
  void count(const CountBallot& action) {
    EXPECT_TRUE(tally.emplace(action.identity, action.round).second)
        << action.identity << " is counted twice in round " << session.round();
    const auto before = counted.find(action.identity);
    EXPECT_TRUE(before == counted.end() || before->second < action.round)
        << action.identity << " voted on round " << action.round << " before";
  }
  void decide_and_commit() {
    Actions so_far = std::exchange(actions, {});
    decide();
    so_far.insert(so_far.end(), actions.begin(), actions.end());
    commit();
    so_far.insert(so_far.end(), actions.begin(), actions.end());
    actions = std::move(so_far);
  }
};

}  // namespace psephos::coordinator::testing
