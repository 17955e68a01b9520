#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "tests/client/session/storm_world.h"

namespace psephos::client::testing {
namespace {

constexpr std::uint32_t kSeeds = 3000;
constexpr int kStepsPerStorm = 150;

// What every storm blows with, built once.
struct Weather {
  std::vector<History> histories{
      {kRun, 101, 0, 0},   // a coordinator,
      {kRun, 102, 0, 0},   // restarted,
      {kRun, 103, 1, 10},  // restored from a backup: other decisions from round 10 on,
      {kOtherRun, 104, 0, 0, Audience::kDrawn},  // and replaced.
  };
  std::vector<std::vector<Frame>> frames;
  std::set<std::pair<std::uint32_t, std::uint64_t>> truth;  // (round, x)

  Weather() {
    for (const History& history : histories) {
      frames.push_back(history.all_frames());
      for (std::uint32_t round = 0; round <= kStormRounds; ++round) {
        truth.emplace(round, history.x[round]);
      }
    }
  }
};

const Weather& weather() {
  static const Weather one;
  return one;
}

class Storm {
 public:
  explicit Storm(std::uint32_t seed) : seed_(seed), session_(options(seed)) {}

  // False when the client ended on the way: it reached the end, or a frame was forged into a
  // refusal.
  bool blow() {
    step(Started{});
    for (int i = 0; i < kStepsPerStorm && !session_.ended(); ++i) gust();
    while (job_ && !session_.ended()) end_job();
    return !session_.ended();
  }

  // The weather clears: an honest coordinator leads the run's last rounds, for which it needs this
  // client.
  void calm() {
    const History& last = calm_history();
    std::uint32_t round = kStormRounds - 5;
    bool member = false;
    Instant next_call = now_;
    for (int i = 0; i < 20'000 && !session_.ended(); ++i) {
      if (job_) end_job();
      while (!sent_.empty() && !session_.ended()) {
        const Frame frame = sent_.front();
        sent_.pop_front();
        answer(*frame, last, round, member);
      }
      if (member && now_ >= next_call && round < kStormRounds) {
        hear(wire::build(wire::Call{last.session, round}));  // the deadline passed
        next_call = now_ + seconds(30);
      }
      if (!job_ && sent_.empty() && !session_.ended()) {
        now_ = std::max(now_, session_.next_tick());
        step(Tick{});
      }
    }
    ASSERT_TRUE(ending_) << "it hangs in round " << session_.round().value_or(wire::kNoRound);
    EXPECT_EQ(*ending_, Ending::kFinished);
    EXPECT_EQ(session_.round(), kStormRounds);
    EXPECT_EQ(session_.fingerprint(), last.x[kStormRounds]);
    EXPECT_EQ(abacus_.x(), last.x[kStormRounds]);
  }

 private:
  static SessionOptions options(std::uint32_t seed) {
    SessionOptions options = named("puppet");
    options.key = {seed, 1};
    options.save_every.rounds = seed % 4;  // 0: never
    return options;
  }

  // The process is killed, and starts again with what was saved.
  void crash() {
    SessionOptions again = options(seed_);
    again.restored = abacus_.saved();
    session_ = Session(std::move(again));
    job_.reset();
    sent_.clear();
    step(Started{});
  }

  static const History& calm_history() {
    static const History one(kRun, 200, 5, 20);
    return one;
  }

  std::uint32_t draw(std::uint32_t n) {
    return below(philox_word({seed_, 0}, 0, Purpose::kFault, draws_++), n);
  }

  const Frame& any_frame(std::size_t of) {
    const std::vector<Frame>& frames = weather().frames[of];
    return frames[draw(static_cast<std::uint32_t>(frames.size()))];
  }

  void gust() {
    const std::uint32_t what = draw(100);
    if (what < 3) leader_ = draw(static_cast<std::uint32_t>(weather().histories.size()));
    if (what < 30) {
      answer_one();
    } else if (what < 45) {
      hear(any_frame(leader_));
    } else if (what < 55) {
      hear(any_frame(draw(static_cast<std::uint32_t>(weather().frames.size()))));
    } else if (what < 63) {
      hear(damaged(any_frame(leader_)));
    } else if (what < 90) {
      if (job_) end_job();
    } else if (what < 92) {
      crash();
    } else {
      now_ += milliseconds(draw(3000));
      step(Tick{});
    }
  }

  // The leading coordinator answers what it was sent, most of the time.
  void answer_one() {
    if (sent_.empty()) return;
    const Frame frame = sent_.front();
    sent_.pop_front();
    if (draw(5) == 0) return;
    bool member = true;
    std::uint32_t round = 20 + draw(30);
    answer(*frame, weather().histories[leader_], round, member);
  }

  void answer(const Bytes& bytes, const History& by, std::uint32_t& round, bool& member) {
    const auto message = wire::read_client_frame(bytes, kParameters);
    ASSERT_TRUE(message) << message.error().text;
    if (const auto* join = std::get_if<wire::Join>(&*message)) {
      if (join->run != wire::kAnyRun && join->run != by.run) {
        hear(wire::build(refusal(wire::RefusalCode::kOtherRun)));
        return;
      }
      member = true;
      hear(wire::build(by.welcome_at(round, true)));
    } else if (!member) {
      hear(wire::build(refusal(wire::RefusalCode::kRejoin)));
    } else if (const auto* request = std::get_if<wire::CatchUp>(&*message)) {
      if (request->session == by.session) catch_up(*request, by, round);
    } else if (const auto* ballot = std::get_if<wire::Ballot>(&*message)) {
      if (ballot->session != by.session || ballot->round != round || round == kStormRounds) return;
      hear(wire::build(by.decision_of(round++, true)));
    } else if (const auto* heartbeat = std::get_if<wire::Heartbeat>(&*message)) {
      if (heartbeat->session == by.session) {
        hear(wire::build(wire::CoordinatorMessage{wire::Heartbeat{by.session, round}}));
      }
    }
  }

  void catch_up(const wire::CatchUp& request, const History& by, std::uint32_t round) {
    if (request.reason == wire::CatchUpReason::kBehind && request.have_round < round) {
      hear(
          wire::build(by.past_of(request.have_round, std::min(request.have_round + 9, round - 1))));
    } else if (request.have_round == wire::kNoRound) {
      hear(by.chunk_of(32, request.checkpoint == 32 && request.chunk < 3 ? request.chunk : 0, 3));
    }
  }

  Frame damaged(const Frame& frame) {
    Bytes bytes = *frame;
    if (draw(3) == 0) {
      bytes.resize(draw(static_cast<std::uint32_t>(bytes.size())));
    } else {
      // Large frames are mostly zeros: what matters stands at either end.
      const auto size = static_cast<std::uint32_t>(bytes.size());
      for (std::uint32_t flips = 1 + draw(8); flips > 0; --flips) {
        const std::uint32_t near_the_end = draw(std::min(size, 256u));
        const std::uint32_t at = draw(2) == 0 ? near_the_end : size - 1 - near_the_end;
        bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1u << draw(8)));
      }
    }
    return std::make_shared<const Bytes>(std::move(bytes));
  }

  void hear(const Frame& frame) { step(FrameArrived{frame}); }

  void end_job() {
    JobDone done = abacus_.end(*job_);
    job_.reset();
    step(JobEnded{std::move(done)});
  }

  void step(const Event& event) {
    int requests = 0;
    for (Action& action : session_.step(event, now_)) {
      if (auto* frame = std::get_if<SendFrame>(&action)) {
        requests += check_sent(*frame->frame);
        sent_.push_back(std::move(frame->frame));
        if (sent_.size() > 16) sent_.pop_front();
      } else if (auto* start = std::get_if<StartJob>(&action)) {
        ASSERT_FALSE(job_) << "one job at a time";
        if (const auto* compute = std::get_if<ComputeBallot>(&start->job)) {
          ASSERT_EQ(session_.round(), compute->round);
        }
        if (const auto* save = std::get_if<SaveState>(&start->job)) {
          ASSERT_EQ(session_.round(), save->standing.round);
        }
        abacus_.begin(start->job);
        job_ = std::move(start->job);
      } else if (std::holds_alternative<Reconnect>(action)) {
        sent_.clear();
      } else if (const auto* end = std::get_if<End>(&action)) {
        ending_ = end->ending;
      }
    }
    ASSERT_LE(requests, 1);
    ASSERT_EQ(session_.ended(), ending_.has_value());
    check_round();
  }

  // The one promise: a round that is spoken of is held, bit for bit.
  void check_round() {
    const auto round = session_.round();
    if (!round) return;
    ASSERT_EQ(session_.fingerprint(), abacus_.x());
    const bool known =
        weather().truth.contains({*round, abacus_.x()}) || calm_history().x[*round] == abacus_.x();
    ASSERT_TRUE(known) << "round " << *round << " was never like this";
  }

  // 1 for a request to catch up.
  int check_sent(const Bytes& bytes) {
    const auto message = wire::read_client_frame(bytes, kParameters);
    EXPECT_TRUE(message) << message.error().text;
    if (!message) return 0;
    if (const auto* heartbeat = std::get_if<wire::Heartbeat>(&*message)) {
      EXPECT_EQ(heartbeat->round, session_.round().value_or(wire::kNoRound));
    } else if (const auto* ballot = std::get_if<wire::Ballot>(&*message)) {
      check_ballot(*ballot);
    }
    return std::holds_alternative<wire::CatchUp>(*message) ? 1 : 0;
  }

  // It was computed from the parameters of its own round.
  static void check_ballot(const wire::Ballot& ballot) {
    std::uint64_t from = 0;
    std::memcpy(&from, ballot.planes.data(), 6);
    const auto same = [from](std::uint64_t x) { return (x & 0xFFFFFFFFFFFF) == from; };
    ASSERT_LE(ballot.round, kStormRounds);
    bool known = same(calm_history().x[ballot.round]);
    for (const History& history : weather().histories) known |= same(history.x[ballot.round]);
    EXPECT_TRUE(known);
  }

  std::uint32_t seed_;
  std::uint64_t draws_ = 0;
  Session session_;
  Abacus abacus_;
  Instant now_{0};
  std::uint32_t leader_ = 0;
  std::deque<Frame> sent_;
  std::optional<Job> job_;
  std::optional<Ending> ending_;
};

TEST(Storm, NoFrameMakesASessionSpeakOfARoundThatItDoesNotHold) {
  std::uint32_t survivors = 0;
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Storm storm(seed);
    if (storm.blow()) {
      ++survivors;
      storm.calm();
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(survivors, kSeeds / 2)
      << "most storms have to reach the calm for this to mean anything";
}

}  // namespace
}  // namespace psephos::client::testing
