#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/client/session/puppet.h"

namespace psephos::client::testing {
namespace {

using wire::RefusalCode;

TEST(Joining, SaysJoinAtTheStartAndNothingElse) {
  Puppet puppet;
  puppet.start();
  ASSERT_EQ(puppet.frames.size(), 1u);
  const auto joins = puppet.sent<wire::Join>();
  ASSERT_EQ(joins.size(), 1u);
  EXPECT_EQ(joins[0].run, wire::kAnyRun);
  EXPECT_EQ(joins[0].name, "puppet");
  EXPECT_EQ(joins[0].have_round, wire::kNoRound);
  EXPECT_EQ(joins[0].fingerprint, 0u);
  EXPECT_EQ(joins[0].arithmetic, "by-hand");
  EXPECT_EQ(joins[0].samples, 600u);
  EXPECT_EQ(joins[0].data_manifest, 77u);
}

TEST(Joining, TriesAgainOnANewConnectionAfterAWaitDrawnBelowADoublingBound) {
  std::set<std::int64_t> first_waits;
  for (std::uint32_t client = 0; client < 200; ++client) {
    SessionOptions options = named("puppet");
    options.key = {1, client};
    Puppet puppet(options);
    puppet.start();
    Duration bound = kFirstBackoff;
    for (int attempt = 1; attempt <= 10; ++attempt) {
      const Instant gave_up = puppet.session.next_tick();
      EXPECT_EQ(gave_up, puppet.now + kJoinWait);
      puppet.clear();
      puppet.pass(kJoinWait);
      const Duration wait = puppet.session.next_tick() - gave_up;
      EXPECT_GE(wait, Duration::zero());
      EXPECT_LE(wait, bound) << "attempt " << attempt;
      if (attempt == 1) first_waits.insert(wait.count());
      if (wait > Duration::zero()) {
        EXPECT_EQ(puppet.frames.size(), 0u) << "nothing is said while waiting";
        puppet.pass(wait);
      }
      EXPECT_EQ(puppet.reconnects, 1);
      EXPECT_EQ(puppet.sent<wire::Join>().size(), 1u);
      bound = std::min<Duration>(2 * bound, kLargestBackoff);
    }
    EXPECT_EQ(bound, kLargestBackoff);
  }
  // Full jitter: spread over the whole interval, and not in step.
  EXPECT_GT(first_waits.size(), 150u);
  EXPECT_LT(*first_waits.begin(), Duration(milliseconds(50)).count());
  EXPECT_GT(*first_waits.rbegin(), Duration(milliseconds(450)).count());
}

TEST(Joining, ReachesTheLargestWaitAndStaysThere) {
  Puppet puppet;
  puppet.start();
  puppet.pass(std::chrono::hours(2));
  const auto joins = puppet.sent<wire::Join>().size();
  // Pauses average half the largest back-off, plus the wait for an answer.
  EXPECT_GT(joins, 7200u / 32);
  EXPECT_LT(joins, 7200u / 10);
  EXPECT_FALSE(puppet.end);
}

TEST(Joining, SaysThatItKeepsTryingOncePerSilence) {
  Puppet puppet;
  const auto times_said = [&puppet] {
    return std::count_if(puppet.notes.begin(), puppet.notes.end(), [](const std::string& note) {
      return note.find("still trying") != std::string::npos;
    });
  };
  puppet.start();
  puppet.pass(seconds(100));
  EXPECT_EQ(times_said(), 1);
  puppet.hear(welcome(0));
  EXPECT_TRUE(puppet.in_flight<Prepare>()) << "an answer that comes late is an answer";
  puppet.pass(seconds(100));
  EXPECT_EQ(times_said(), 2);
}

TEST(Joining, StartsTheBoundAnewOnceItWasWelcomed) {
  for (std::uint32_t client = 0; client < 20; ++client) {
    SessionOptions options = named("puppet");
    options.key = {1, client};
    Puppet puppet(options);
    puppet.start();
    puppet.pass(seconds(200));
    puppet.hear(welcome(0));
    puppet.work();
    puppet.hear(refusal(RefusalCode::kRejoin));
    EXPECT_LE(puppet.session.next_tick(), puppet.now + kFirstBackoff);
  }
}

TEST(Joining, RejoinsWhenToldToWithWhatItHolds) {
  Puppet puppet;
  puppet.settle_at(7);
  puppet.hear(refusal(RefusalCode::kRejoin));
  EXPECT_EQ(puppet.frames.size(), 0u) << "jittered: everybody is told at once";
  puppet.pass(kFirstBackoff);
  EXPECT_EQ(puppet.reconnects, 0) << "the connection is fine";
  const auto joins = puppet.sent<wire::Join>();
  ASSERT_EQ(joins.size(), 1u);
  EXPECT_EQ(joins[0].run, kRun);
  EXPECT_EQ(joins[0].have_round, 7u);
  EXPECT_EQ(joins[0].fingerprint, fingerprint_of(kRun, 7));
  puppet.clear();
  puppet.hear(refusal(RefusalCode::kRejoin));  // for a frame from before the Join
  puppet.hear(welcome(7));
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>()) << "the replica is still good";
}

TEST(Joining, WaitsAtLeastAsLongAsARefusalSays) {
  for (const auto code : {RefusalCode::kRejoin, RefusalCode::kOtherRun}) {
    Puppet puppet;
    puppet.settle_at(0);
    puppet.hear(refusal(code, 5000));
    EXPECT_GE(puppet.session.next_tick(), puppet.now + seconds(5));
    EXPECT_LE(puppet.session.next_tick(), puppet.now + seconds(5) + kFirstBackoff);
  }
  Puppet puppet;
  puppet.start();
  puppet.clear();
  puppet.hear(refusal(RefusalCode::kBusy, 9000));
  puppet.pass(seconds(9) - milliseconds(1));
  EXPECT_EQ(puppet.frames.size(), 0u);
  puppet.pass(milliseconds(1) + kFirstBackoff);
  EXPECT_EQ(puppet.sent<wire::Join>().size(), 1u);
  EXPECT_EQ(puppet.reconnects, 0);
}

TEST(Joining, RejoinsOnANewConnectionAfterThreeSilentIntervals) {
  Puppet puppet;
  puppet.settle_at(3);
  const Instant silent_from = puppet.now;
  puppet.pass(3 * kInterval - milliseconds(1));
  EXPECT_EQ(puppet.sent<wire::Heartbeat>().size(), 2u);
  EXPECT_EQ(puppet.sent<wire::Join>().size(), 0u);
  puppet.pass(milliseconds(1) + kFirstBackoff);
  EXPECT_EQ(puppet.reconnects, 1);
  const auto joins = puppet.sent<wire::Join>();
  ASSERT_EQ(joins.size(), 1u);
  EXPECT_EQ(joins[0].have_round, 3u);
  EXPECT_LE(puppet.now, silent_from + 3 * kInterval + kFirstBackoff);
}

TEST(Joining, StaysWhileAnyFrameOfItsSessionIsHeard) {
  Puppet puppet;
  puppet.settle_at(3);
  puppet.pass_in_company(seconds(60), 3);
  EXPECT_EQ(puppet.sent<wire::Join>().size(), 0u);
  EXPECT_EQ(puppet.sent<wire::Heartbeat>().size(), 60u);
}

TEST(Joining, DropsFramesOfAnotherSession) {
  Puppet puppet;
  puppet.settle_at(3);
  const std::uint64_t other = kSession + 1;
  wire::Decision foreign = decision(3);
  foreign.session = other;
  wire::Past foreign_past = past(3, 5);
  foreign_past.session = other;
  wire::Past foreign_chunk = chunk(32, 0, 1);
  foreign_chunk.session = other;
  wire::Welcome foreign_welcome = welcome(100);
  foreign_welcome.session = other;
  for (int i = 0; i < 10; ++i) {
    puppet.pass(kInterval / 4);
    puppet.hear(foreign);
    puppet.hear(foreign_past);
    puppet.hear(foreign_chunk);
    puppet.hear(wire::Call{other, 3});
    puppet.hear(wire::Heartbeat{other, 90});
    puppet.hear(wire::Finished{other, 3, fingerprint_of(kRun, 3)});
    puppet.hear(foreign_welcome);
  }
  EXPECT_EQ(puppet.jobs, 0);
  EXPECT_EQ(puppet.session.round(), 3u);
  EXPECT_EQ(puppet.frames.size(), puppet.sent<wire::Heartbeat>().size());
}

TEST(Joining, IsSilencedByAnotherSessionsFramesAlone) {
  Puppet puppet;
  puppet.settle_at(3);
  puppet.pass_in_company(3 * kInterval + kFirstBackoff, 3, kSession + 1);
  EXPECT_EQ(puppet.sent<wire::Join>().size(), 1u);
}

TEST(Joining, HearsNothingButAnAnswerBeforeItIsWelcomed) {
  Puppet puppet;
  puppet.start();
  puppet.clear();
  puppet.hear(decision(0));
  puppet.hear(past(0, 3));
  puppet.hear(chunk(32, 0, 1));
  puppet.hear(wire::Call{kSession, 0});
  puppet.hear(wire::Call{0, 0});
  puppet.hear(wire::Finished{0, 0, 0});
  EXPECT_EQ(puppet.jobs, 0);
  EXPECT_TRUE(puppet.frames.empty());
}

// Otherwise it would take its replica for one of another history, and throw it away.
TEST(Joining, PassesOverAWelcomeThatWasOvertaken) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(decision(5, false));
  puppet.work_all();
  ASSERT_EQ(puppet.session.round(), 6u);
  puppet.pass(4 * kInterval);  // silence: it joins again
  puppet.clear();
  puppet.hear(welcome(5));
  EXPECT_TRUE(puppet.notes.empty());
  EXPECT_TRUE(puppet.frames.empty());
  EXPECT_EQ(puppet.session.fingerprint(), fingerprint_of(kRun, 6));
  puppet.hear(welcome(6, false));
  EXPECT_EQ(puppet.session.round(), 6u);
}

TEST(Joining, GivesUpOnARefusalThatWillNotChange) {
  for (const auto code : {RefusalCode::kNotAllowed, RefusalCode::kProtocol, RefusalCode::kTooLarge,
                          RefusalCode::kOtherData}) {
    for (const bool joined : {false, true}) {
      Puppet puppet;
      joined ? puppet.settle_at(2) : puppet.start();
      puppet.hear(refusal(code));
      ASSERT_TRUE(puppet.end);
      EXPECT_EQ(puppet.end->ending, Ending::kFailed);
      EXPECT_NE(puppet.end->text.find(wire::refusal_word(static_cast<std::uint8_t>(code))),
                std::string::npos);
      EXPECT_NE(puppet.end->text.find("because the test says so"), std::string::npos);
      EXPECT_EQ(puppet.session.next_tick(), Instant::max());
    }
  }
}

TEST(Joining, ShowsRefusalsItCannotActOnWithTheirText) {
  for (const std::uint8_t code : {std::uint8_t{1}, std::uint8_t{42}, std::uint8_t{255}}) {
    Puppet puppet;
    puppet.settle_at(2);
    puppet.hear(wire::Refusal{code, "read me", 0});
    ASSERT_EQ(puppet.notes.size(), 1u);
    EXPECT_NE(puppet.notes[0].find("read me"), std::string::npos);
    EXPECT_NE(puppet.notes[0].find(wire::refusal_word(code)), std::string::npos);
    EXPECT_FALSE(puppet.end);
    EXPECT_EQ(puppet.session.round(), 2u);
  }
}

TEST(Joining, GivesUpWhenTheCoordinatorLeadsAnotherRunThanAskedFor) {
  SessionOptions options = named("puppet");
  options.run = kOtherRun;
  for (const bool refused : {false, true}) {
    Puppet puppet(options);
    puppet.start();
    EXPECT_EQ(puppet.sent<wire::Join>().at(0).run, kOtherRun);
    if (refused) {
      puppet.hear(refusal(RefusalCode::kOtherRun));
    } else {
      puppet.hear(welcome(0));
    }
    ASSERT_TRUE(puppet.end);
    EXPECT_EQ(puppet.end->ending, Ending::kFailed);
    EXPECT_EQ(puppet.jobs, 0);
  }
}

TEST(Joining, ReportsAnUnusableWelcomeAfterAFewTriesInARow) {
  SessionOptions options = named("puppet");
  options.max_parameters = kParameters - 1;
  Puppet puppet(options);
  puppet.start();
  for (int i = 1; i < kMaxBadAnswers; ++i) {
    puppet.hear(welcome(0));
    ASSERT_FALSE(puppet.end);
    EXPECT_EQ(puppet.jobs, 0);
    puppet.pass(kFirstBackoff);
  }
  EXPECT_EQ(puppet.sent<wire::Join>().size(), std::size_t{kMaxBadAnswers});
  puppet.hear(welcome(0));
  ASSERT_TRUE(puppet.end);
  EXPECT_EQ(puppet.end->ending, Ending::kFailed);
  EXPECT_NE(puppet.end->text.find("--max-parameters"), std::string::npos);
}

TEST(Joining, ARunWithoutANumberIsNoneToJoin) {
  Puppet puppet;
  puppet.start();
  wire::Welcome nameless = welcome(0);
  nameless.run = wire::kAnyRun;
  puppet.hear(nameless);
  EXPECT_EQ(puppet.jobs, 0);
  EXPECT_NE(puppet.notes.at(0).find("has no number"), std::string::npos);
}

TEST(Joining, ForgivesADamagedWelcome) {
  Puppet puppet;
  for (int i = 0; i < 10; ++i) {
    puppet.start();
    Bytes bytes = *wire::build(welcome(0));
    bytes.resize(bytes.size() / 2);
    puppet.hear(std::make_shared<const Bytes>(std::move(bytes)));
    puppet.pass(kFirstBackoff);
    puppet.hear(welcome(0));
    puppet.hear(refusal(RefusalCode::kRejoin));
    puppet.pass(kFirstBackoff);
  }
  EXPECT_FALSE(puppet.end);
}

TEST(Joining, RefusesAWelcomeToARoundBeyondTheRun) {
  Puppet puppet;
  puppet.start();
  puppet.hear(welcome(kRounds + 1));
  EXPECT_EQ(puppet.jobs, 0);
  puppet.pass(kFirstBackoff);
  EXPECT_EQ(puppet.sent<wire::Join>().size(), 2u);
}

TEST(Joining, PassesOverMessagesOfALaterVersion) {
  const Frame unknown = wire::build(wire::CoordinatorMessage{wire::UnknownMessage{77}});
  Puppet puppet;
  puppet.start();
  puppet.clear();
  for (int i = 0; i < 10; ++i) puppet.hear(unknown);
  EXPECT_TRUE(puppet.frames.empty() && puppet.notes.empty());
  puppet.hear(welcome(0));
  EXPECT_FALSE(puppet.end);
  EXPECT_EQ(puppet.jobs, 1);
}

TEST(Joining, IgnoresFramesItCannotReadOnceJoined) {
  Puppet puppet;
  puppet.settle_at(3);
  for (int i = 0; i < 10; ++i) puppet.hear(std::make_shared<const Bytes>(40, std::uint8_t{7}));
  puppet.hear(std::make_shared<const Bytes>());
  EXPECT_FALSE(puppet.end);
  EXPECT_EQ(puppet.session.round(), 3u);
  EXPECT_EQ(puppet.jobs, 0);
}

TEST(Joining, SaysLeaveWhenStoppedAndOnlyWhenJoined) {
  Puppet joined;
  joined.settle_at(3);
  joined.step(StopAsked{});
  const auto leaves = joined.sent<wire::Leave>();
  ASSERT_EQ(leaves.size(), 1u);
  EXPECT_EQ(leaves[0].session, kSession);
  EXPECT_EQ(leaves[0].reason, wire::LeaveReason::kStopped);
  ASSERT_TRUE(joined.end);
  EXPECT_EQ(joined.end->ending, Ending::kStopped);
  EXPECT_TRUE(joined.session.ended());
  EXPECT_TRUE(joined.session.step(Tick{}, joined.now).empty());

  Puppet alone;
  alone.start();
  alone.clear();
  alone.step(StopAsked{});
  EXPECT_TRUE(alone.frames.empty());
  ASSERT_TRUE(alone.end);
  EXPECT_EQ(alone.end->ending, Ending::kStopped);
}

TEST(Joining, WaitsAndSaysSoWhileItsKeyIsPending) {
  Puppet puppet;
  puppet.start();
  puppet.clear();
  puppet.hear(refusal(RefusalCode::kPending, 9000));
  EXPECT_FALSE(puppet.end);
  ASSERT_EQ(puppet.notes.size(), 1u);
  EXPECT_NE(puppet.notes[0].find("because the test says so"), std::string::npos);
  puppet.pass(seconds(9) - milliseconds(1));
  EXPECT_EQ(puppet.frames.size(), 0u);
  puppet.pass(milliseconds(1) + kFirstBackoff);
  EXPECT_EQ(puppet.sent<wire::Join>().size(), 1u);
  EXPECT_EQ(puppet.reconnects, 0);
  puppet.hear(welcome(0));
  EXPECT_TRUE(puppet.in_flight<Prepare>());
}

}  // namespace
}  // namespace psephos::client::testing
