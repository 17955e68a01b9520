#pragma once
// A session in the hands of a test: the test speaks as the coordinator, moves the clock, and ends
// the jobs that the session starts. Nothing computes: the parameters of round r of run R *are* the
// fingerprint fingerprint_of(R, r), and a decision is right when it says so.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "client/session/session.h"

namespace psephos::client::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr std::uint64_t kRun = 0xA11;
inline constexpr std::uint64_t kOtherRun = 0xB22;
inline constexpr std::uint64_t kSession = 0x5E55;
inline constexpr std::uint32_t kRounds = 200;
inline constexpr std::uint32_t kParameters = 43;
inline constexpr milliseconds kInterval{1000};  // of heartbeats

inline std::uint64_t fingerprint_of(std::uint64_t run, std::uint32_t round) {
  return run * 1'000'003 + round * 7919 + 1;
}

inline SessionOptions named(std::string name) {
  SessionOptions options;
  options.name = std::move(name);
  options.samples = 600;
  options.data_manifest = 77;
  options.arithmetic = "by-hand";
  options.key = {1, 2};
  return options;
}

inline wire::Welcome welcome(std::uint32_t round, bool vote = true) {
  wire::Welcome welcome;
  welcome.run = kRun;
  welcome.session = kSession;
  welcome.round = round;
  welcome.vote = vote;
  welcome.tensors = {{"weight", 0, 40, 0.5f}, {"bias", 40, 3, 0}};
  welcome.hyper.rounds = kRounds;
  welcome.hyper.heartbeat_ms = static_cast<std::uint32_t>(kInterval.count());
  welcome.fingerprint = fingerprint_of(kRun, round);
  return welcome;
}

inline std::span<const std::uint8_t> some_planes() {
  static const Bytes planes = {1, 2, 3, 4, 5, 6, 7, 0};  // ceil(43/32) words
  return planes;
}

inline wire::Decision decision(std::uint32_t round, bool vote = true) {
  wire::Decision decision;
  decision.session = kSession;
  decision.run = kRun;
  decision.round = round;
  decision.delta = 0.01f;
  decision.encoding = Encoding::kBinary;
  decision.planes = some_planes();
  decision.voters = 3;
  decision.fingerprint = fingerprint_of(kRun, round + 1);
  decision.vote = vote;
  return decision;
}

// Decisions first .. last.
inline wire::Past past(std::uint32_t first, std::uint32_t last) {
  wire::Past past;
  past.session = kSession;
  past.have_round = first;
  for (std::uint32_t round = first; round <= last; ++round)
    past.decisions.push_back(decision(round));
  return past;
}

inline wire::Past chunk(std::uint32_t round, std::uint32_t number, std::uint32_t chunks) {
  static const Bytes bytes(wire::kChunkBytes, 9);
  wire::Past past;
  past.session = kSession;
  past.chunk = wire::CheckpointChunk{round, fingerprint_of(kRun, round), number, chunks, bytes};
  return past;
}

inline wire::Refusal refusal(wire::RefusalCode code, std::uint32_t wait_ms = 0) {
  return {static_cast<std::uint8_t>(code), "because the test says so", wait_ms};
}

class Puppet {
 public:
  explicit Puppet(SessionOptions options = named("puppet")) : session(std::move(options)) {}

  // Every step adds to what was done; clear() forgets it (a job in flight stays).
  void step(const Event& event) {
    for (Action& action : session.step(event, now)) take(std::move(action));
  }
  void start() { step(Started{}); }
  void hear(const wire::CoordinatorMessage& message) { step(FrameArrived{wire::build(message)}); }
  void hear(const Frame& frame) { step(FrameArrived{frame}); }

  // Time passes; the session is ticked whenever it asks for it.
  void pass(Duration duration) {
    const Instant until = now + duration;
    while (session.next_tick() <= until) {
      now = std::max(now, session.next_tick());
      step(Tick{});
    }
    now = until;
  }
  // Likewise, with a coordinator that echoes every heartbeat.
  void pass_in_company(Duration duration, std::uint32_t open_round, std::uint64_t of = kSession) {
    const Instant until = now + duration;
    while (now < until) {
      pass(std::min<Duration>(kInterval / 2, until - now));
      hear(wire::Heartbeat{of, open_round});
    }
  }

  // Ends the job in flight.
  void finish(JobDone done) {
    ASSERT_TRUE(job) << "no job is in flight";
    job.reset();
    step(JobEnded{std::move(done)});
  }
  // Ends it as it should end.
  void work() {
    ASSERT_TRUE(job) << "no job is in flight";
    finish(std::visit([this](const auto& one) { return good_end(one); }, *job));
  }
  void work_all() {
    while (job) work();
  }

  // Joined at `round` with the replica of that round in hand, nothing in flight.
  void settle_at(std::uint32_t round, wire::Welcome with = welcome(0, false)) {
    with.round = round;
    with.fingerprint = fingerprint_of(with.run, round);
    start();
    hear(with);
    work_all();
    if (round > 0) {
      hear(chunk(round, 0, 1));
      work_all();
    }
    ASSERT_EQ(session.round(), round);
    clear();
  }

  void clear() {
    frames.clear();
    notes.clear();
    jobs = 0;
    reconnects = 0;
  }

  // The messages of one kind among those sent since clear(); they borrow from `frames`.
  template <class Message>
  std::vector<Message> sent() const {
    std::vector<Message> messages;
    for (const Frame& frame : frames) {
      auto message = wire::read_client_frame(*frame, kParameters);
      EXPECT_TRUE(message) << message.error().text;
      if (const auto* one = message ? std::get_if<Message>(&*message) : nullptr) {
        messages.push_back(*one);
      }
    }
    return messages;
  }

  template <class Kind>
  const Kind* in_flight() const {
    return job ? std::get_if<Kind>(&*job) : nullptr;
  }

  Session session;
  Instant now{seconds(1000)};
  std::vector<Frame> frames;
  std::vector<std::string> notes;
  std::optional<Job> job;
  std::optional<End> end;
  int jobs = 0;
  int reconnects = 0;
  std::uint8_t ballots_computed = 0;

 private:
  void take(Action action) {
    EXPECT_FALSE(end) << "End is the last action";
    if (auto* frame = std::get_if<SendFrame>(&action)) {
      frames.push_back(std::move(frame->frame));
    } else if (auto* one = std::get_if<StartJob>(&action)) {
      EXPECT_FALSE(job) << "one job at a time";
      job = std::move(one->job);
      ++jobs;
    } else if (auto* said = std::get_if<Note>(&action)) {
      notes.push_back(std::move(said->text));
    } else if (auto* last = std::get_if<End>(&action)) {
      end = std::move(*last);
    } else {
      ++reconnects;
    }
  }

  JobDone good_end(const Prepare& one) {
    if (one.restored) return Prepared{one.welcome.run, one.restored->fingerprint, true};
    return Prepared{one.welcome.run, fingerprint_of(one.welcome.run, 0)};
  }
  // No two computed ballots are alike.
  JobDone good_end(const ComputeBallot& one) {
    auto content = std::make_shared<BallotContent>();
    content->votes = {Encoding::kBinary, {++ballots_computed, 0, 0, 0, 0, 0, 0, 0}};
    content->loss = 0.5f;
    content->samples = 32;
    return BallotReady{one.round, std::move(content)};
  }
  JobDone good_end(const ApplyDecisions& one) {
    const wire::Decision& last = one.decisions.back();
    return Applied{last.round + 1, last.fingerprint, true};
  }
  JobDone good_end(const LoadChunk& one) {
    const bool complete = one.chunk.chunk + 1 == one.chunk.chunks;
    return ChunkLoaded{one.chunk.round, one.chunk.chunk, complete, complete,
                       complete ? one.chunk.fingerprint : 0};
  }
  JobDone good_end(const Evaluate& one) { return Evaluated{one.round, 0.25, 0.9, 600}; }
  JobDone good_end(const SaveState&) { return StateSaved{}; }
};

}  // namespace psephos::client::testing
