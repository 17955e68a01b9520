#pragma once
// What a storm of frames is made of: a few histories of runs, every frame a coordinator could send
// about them, and a stand-in for the arithmetic that is as strict as the real one. A replica is one
// number; a decision mixes eight bytes of planes into it; a checkpoint's chunks say what and which
// they are.

#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "tests/client/session/puppet.h"

namespace psephos::client::testing {

inline constexpr std::uint32_t kStormRounds = 60;

inline std::uint64_t mix(std::uint64_t x, std::uint64_t with) {
  x = (x ^ (with + 0x9E3779B97F4A7C15u)) * 0xBF58476D1CE4E5B9u;
  return x ^ (x >> 29);
}

// One coordinator's life: a session of a run, with the history that it holds.
struct History {
  std::uint64_t run = 0;
  std::uint64_t session = 0;
  std::uint32_t epoch = 0;
  std::uint32_t seed = 0;
  Audience audience = Audience::kAll;
  std::array<std::uint64_t, kStormRounds> votes{};
  std::array<std::uint64_t, kStormRounds + 1> x{};

  History(std::uint64_t run_, std::uint64_t session_, std::uint32_t epoch_, std::uint32_t parts_at,
          Audience audience_ = Audience::kAll)
      : run(run_),
        session(session_),
        epoch(epoch_),
        seed(static_cast<std::uint32_t>(run_)),
        audience(audience_) {
    x[0] = mix(seed, 0);
    for (std::uint32_t round = 0; round < kStormRounds; ++round) {
      votes[round] = mix(run, round + (round >= parts_at ? 1000 * epoch : 0)) & 0xFFFFFFFFFFFF;
      x[round + 1] = mix(x[round], votes[round]);
    }
  }

  wire::Welcome welcome_at(std::uint32_t round, bool vote) const {
    wire::Welcome message = welcome(round, vote);
    message.run = run;
    message.session = session;
    message.epoch = epoch;
    message.hyper.rounds = kStormRounds;
    message.hyper.seed = seed;
    message.hyper.staleness = 1;
    message.hyper.audience = audience;
    message.fingerprint = x[round];
    return message;
  }

  wire::Decision decision_of(std::uint32_t round, bool vote) const {
    wire::Decision message = decision(round, vote);
    message.session = session;
    message.run = run;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&votes[round]);
    message.planes = {bytes, sizeof votes[round]};
    message.fingerprint = x[round + 1];
    message.evaluate = round % 7 == 0;
    return message;
  }

  wire::Past past_of(std::uint32_t first, std::uint32_t last) const {
    wire::Past message;
    message.session = session;
    message.have_round = first;
    for (std::uint32_t round = first; round <= last; ++round) {
      message.decisions.push_back(decision_of(round, false));
    }
    return message;
  }

  Frame chunk_of(std::uint32_t round, std::uint32_t number, std::uint32_t chunks) const {
    Bytes bytes(number + 1 < chunks ? wire::kChunkBytes : 64, 0);
    std::memcpy(bytes.data(), &x[round], 8);
    std::memcpy(bytes.data() + 8, &round, 4);
    std::memcpy(bytes.data() + 12, &number, 4);
    wire::Past message;
    message.session = session;
    message.chunk = wire::CheckpointChunk{round, x[round], number, chunks, bytes};
    return wire::build(message);
  }

  // Every frame about this history, and the refusals that do not end a client.
  std::vector<Frame> all_frames() const {
    std::vector<Frame> frames;
    const auto add = [&](const wire::CoordinatorMessage& message) {
      frames.push_back(wire::build(message));
    };
    for (const std::uint32_t round : {0u, 5u, 12u, 32u, 45u, 60u})
      add(welcome_at(round, round % 2 == 0));
    for (std::uint32_t round = 0; round < kStormRounds; ++round) {
      add(decision_of(round, round % 3 != 0));
      add(past_of(round, std::min(round + round % 5, kStormRounds - 1)));
      if (round % 4 == 0) add(wire::Call{session, round});
      if (round % 4 == 1) add(wire::Heartbeat{session, round});
    }
    for (std::uint32_t number = 0; number < 3; ++number) frames.push_back(chunk_of(32, number, 3));
    frames.push_back(chunk_of(16, 0, 1));
    add(wire::Finished{session, kStormRounds, x[kStormRounds]});
    add(wire::Finished{session, 40, x[40]});
    for (const auto code : {wire::RefusalCode::kRejoin, wire::RefusalCode::kResend,
                            wire::RefusalCode::kBusy, wire::RefusalCode::kOtherRun,
                            wire::RefusalCode::kMalformed, static_cast<wire::RefusalCode>(77)}) {
      add(refusal(code, 100));
    }
    return frames;
  }
};

// A worker whose replica is a number, which survives it where it was saved.
class Abacus {
 public:
  static constexpr std::uint64_t kSpoilt = 0xDEAD;

  std::uint64_t x() const { return x_; }
  // Null before the first SaveState.
  const std::shared_ptr<const RunState>& saved() const { return saved_; }

  // A job overwrites the replica from its first moment on.
  void begin(const Job& job) {
    if (std::holds_alternative<LoadChunk>(job)) x_ = kSpoilt;
  }
  JobDone end(const Job& job) {
    return std::visit([this](const auto& one) { return run(one); }, job);
  }

 private:
  JobDone run(const Prepare& job) {
    if (job.restored) {
      x_ = job.restored->fingerprint;
      return Prepared{job.welcome.run, x_, true};
    }
    x_ = mix(job.welcome.hyper.seed, 0);
    return Prepared{job.welcome.run, x_};
  }
  JobDone run(const ComputeBallot& job) {
    auto content = std::make_shared<BallotContent>();
    content->votes = {Encoding::kBinary, Bytes(8)};
    std::memcpy(content->votes.planes.data(), &x_, 6);  // bits past d stay 0
    return BallotReady{job.round, std::move(content)};
  }
  JobDone run(const ApplyDecisions& job) {
    std::uint32_t round = 0;
    for (const wire::Decision& decision : job.decisions) {
      std::uint64_t votes = 0;
      if (decision.planes.size() == sizeof votes) {
        std::memcpy(&votes, decision.planes.data(), sizeof votes);
      }
      x_ = mix(x_, votes);
      round = decision.round + 1;
      if (x_ != decision.fingerprint) return Applied{round, x_, false};
    }
    return Applied{round, x_, true};
  }
  JobDone run(const LoadChunk& job) {
    const wire::CheckpointChunk& chunk = job.chunk;
    std::uint64_t x = 0;
    std::uint32_t round = 0;
    std::uint32_t number = 0;
    if (chunk.bytes.size() >= 16) {
      std::memcpy(&x, chunk.bytes.data(), 8);
      std::memcpy(&round, chunk.bytes.data() + 8, 4);
      std::memcpy(&number, chunk.bytes.data() + 12, 4);
    }
    if (chunk.chunk == 0) {
      loading_ = x;
      next_chunk_ = 0;
    }
    const bool good = x == loading_ && round == chunk.round && number == chunk.chunk &&
                      chunk.chunk == next_chunk_++;
    const bool last = chunk.chunk + 1 == chunk.chunks;
    if (good && last) x_ = x;
    return ChunkLoaded{chunk.round, chunk.chunk, !good || last,
                       good && last && x == chunk.fingerprint, x};
  }
  JobDone run(const Evaluate& job) { return Evaluated{job.round, 1, 0.5, 100}; }
  JobDone run(const SaveState& job) {
    RunState state;
    state.standing = job.standing;
    state.fingerprint = x_;
    saved_ = std::make_shared<const RunState>(std::move(state));
    return StateSaved{};
  }

  std::uint64_t x_ = kSpoilt;
  std::uint64_t loading_ = 0;
  std::uint32_t next_chunk_ = 0;
  std::shared_ptr<const RunState> saved_;
};

}  // namespace psephos::client::testing
