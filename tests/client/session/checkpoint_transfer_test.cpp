#include <gtest/gtest.h>

#include "tests/client/session/puppet.h"

namespace psephos::client::testing {
namespace {

wire::CatchUp last_request(const Puppet& puppet) {
  const auto requests = puppet.sent<wire::CatchUp>();
  EXPECT_FALSE(requests.empty());
  return requests.empty() ? wire::CatchUp{} : requests.back();
}

// Joined at round 70 with nothing but x_0 in hand.
void join_late(Puppet& puppet) {
  puppet.start();
  puppet.hear(welcome(70));
  puppet.work();
  EXPECT_EQ(last_request(puppet).have_round, 0u);
  puppet.clear();
}

TEST(CheckpointTransfer, AsksForOneChunkAfterTheOtherAndVotesOnlyAfterTheLast) {
  Puppet puppet;
  join_late(puppet);
  for (std::uint32_t i = 0; i < 4; ++i) {
    puppet.hear(chunk(64, i, 4));
    ASSERT_TRUE(puppet.in_flight<LoadChunk>());
    EXPECT_EQ(puppet.in_flight<LoadChunk>()->chunk.chunk, i);
    EXPECT_EQ(puppet.in_flight<LoadChunk>()->chunk.bytes.size(), wire::kChunkBytes);
    EXPECT_FALSE(puppet.session.round());
    EXPECT_EQ(puppet.sent<wire::CatchUp>().size(), i) << "not before the chunk is processed";
    puppet.pass_in_company(kInterval, 70);
    EXPECT_EQ(puppet.sent<wire::Heartbeat>().back().round, wire::kNoRound);
    puppet.work();
    if (i == 3) break;
    EXPECT_FALSE(puppet.session.round());
    EXPECT_FALSE(puppet.job);
    const wire::CatchUp next = last_request(puppet);
    EXPECT_EQ(next.have_round, wire::kNoRound);
    EXPECT_EQ(next.checkpoint, 64u);
    EXPECT_EQ(next.chunk, i + 1);
  }
  EXPECT_EQ(puppet.session.round(), 64u);
  EXPECT_EQ(puppet.session.fingerprint(), fingerprint_of(kRun, 64));
  EXPECT_EQ(last_request(puppet).have_round, 64u);
  EXPECT_EQ(last_request(puppet).checkpoint, wire::kNoRound);
  EXPECT_TRUE(puppet.sent<wire::Ballot>().empty());
  puppet.hear(past(64, 69));
  puppet.work();
  EXPECT_TRUE(puppet.in_flight<ComputeBallot>());
}

TEST(CheckpointTransfer, OnlyTheChunkThatIsNextCounts) {
  Puppet puppet;
  join_late(puppet);
  puppet.hear(chunk(64, 2, 4));
  EXPECT_EQ(puppet.jobs, 0) << "no transfer begins in the middle";
  puppet.hear(chunk(64, 0, 4));
  puppet.work();
  for (const std::uint32_t wrong : {2u, 3u}) puppet.hear(chunk(64, wrong, 4));
  puppet.hear(chunk(32, 1, 4));
  EXPECT_EQ(puppet.jobs, 1);
  EXPECT_EQ(last_request(puppet).chunk, 1u) << "asked for again";
  puppet.hear(chunk(64, 1, 4));
  puppet.hear(chunk(64, 1, 4));
  puppet.work();
  EXPECT_EQ(puppet.jobs, 2);
  EXPECT_EQ(last_request(puppet).chunk, 2u);
}

TEST(CheckpointTransfer, StartsOverWithANewerCheckpoint) {
  Puppet puppet;
  join_late(puppet);
  puppet.hear(chunk(64, 0, 4));
  puppet.work();
  puppet.hear(chunk(96, 0, 4));
  puppet.work();
  EXPECT_EQ(last_request(puppet).checkpoint, 96u);
  EXPECT_EQ(last_request(puppet).chunk, 1u);
  puppet.hear(chunk(64, 1, 4));
  EXPECT_FALSE(puppet.job) << "the old one is over";
}

TEST(CheckpointTransfer, AsksForTheSameChunkWhenTheAnswerWasLost) {
  Puppet puppet;
  join_late(puppet);
  puppet.hear(chunk(64, 0, 4));
  puppet.work();
  puppet.clear();
  puppet.pass_in_company(2 * kInterval + milliseconds(1), 70);
  ASSERT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
  EXPECT_EQ(last_request(puppet).checkpoint, 64u);
  EXPECT_EQ(last_request(puppet).chunk, 1u);
}

TEST(CheckpointTransfer, DecisionsThatArriveMeanwhileAreNotApplied) {
  Puppet puppet;
  join_late(puppet);
  puppet.hear(chunk(64, 0, 2));
  for (const std::uint32_t round : {0u, 64u, 70u}) puppet.hear(decision(round));
  puppet.work();
  for (const std::uint32_t round : {0u, 64u, 71u}) puppet.hear(decision(round));
  puppet.hear(past(64, 71));
  EXPECT_FALSE(puppet.job);
  EXPECT_FALSE(puppet.session.round());
  puppet.hear(chunk(64, 1, 2));
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 64u);
}

TEST(CheckpointTransfer, ACheckpointThatIsNotNewerThanTheReplicaIsIgnored) {
  Puppet puppet;
  puppet.settle_at(64);
  puppet.hear(chunk(64, 0, 4));
  puppet.hear(chunk(32, 0, 4));
  EXPECT_EQ(puppet.jobs, 0);
  EXPECT_EQ(puppet.session.round(), 64u);
}

TEST(CheckpointTransfer, AChunkThatMeetsAnotherJobIsAskedForAgain) {
  Puppet puppet;
  puppet.settle_at(5);
  puppet.hear(decision(9));  // behind: asks
  puppet.hear(decision(5));
  ASSERT_TRUE(puppet.in_flight<ApplyDecisions>());
  puppet.clear();
  puppet.hear(chunk(8, 0, 2));
  EXPECT_EQ(puppet.session.round(), 5u);
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 6u);
  EXPECT_EQ(puppet.sent<wire::CatchUp>().size(), 1u);
}

TEST(CheckpointTransfer, ADamagedCheckpointIsFetchedAgainAndThreeAreTheEnd) {
  Puppet puppet;
  join_late(puppet);
  for (int damaged = 1; damaged <= kMaxBadCheckpoints; ++damaged) {
    ASSERT_FALSE(puppet.end);
    puppet.hear(chunk(64, 0, 2));
    puppet.work();
    puppet.hear(chunk(64, 1, 2));
    puppet.clear();
    puppet.finish(ChunkLoaded{64, 1, true, false, 99});
    EXPECT_FALSE(puppet.session.round());
    EXPECT_EQ(puppet.session.fingerprint_mismatches(), static_cast<std::uint32_t>(damaged));
    if (damaged == kMaxBadCheckpoints) break;
    EXPECT_EQ(last_request(puppet).checkpoint, wire::kNoRound) << "from the start";
    EXPECT_EQ(last_request(puppet).reason, wire::CatchUpReason::kDiverged);
  }
  ASSERT_TRUE(puppet.end);
  EXPECT_EQ(puppet.end->ending, Ending::kFailed);
  ASSERT_EQ(puppet.sent<wire::Leave>().size(), 1u);
  EXPECT_EQ(puppet.sent<wire::Leave>()[0].reason, wire::LeaveReason::kFailed);
}

TEST(CheckpointTransfer, AGoodCheckpointForgivesTheDamagedOnesBefore) {
  Puppet puppet;
  join_late(puppet);
  for (std::uint32_t i = 0; i < 10; ++i) {
    const std::uint32_t round = 70 + 10 * i;
    for (int damaged = 1; damaged < kMaxBadCheckpoints; ++damaged) {
      puppet.hear(chunk(round, 0, 1));
      puppet.finish(ChunkLoaded{round, 0, true, false, 0});
    }
    puppet.hear(chunk(round, 0, 1));
    puppet.work_all();
    EXPECT_EQ(puppet.session.round(), round);
    puppet.hear(decision(round));
    puppet.finish(Applied{round + 1, 0, false});
  }
  EXPECT_FALSE(puppet.end);
}

TEST(CheckpointTransfer, AChunkOfALostSessionSaysNothing) {
  Puppet puppet;
  join_late(puppet);
  puppet.hear(chunk(64, 0, 1));
  puppet.hear(refusal(wire::RefusalCode::kRejoin));
  puppet.pass(kFirstBackoff);
  EXPECT_EQ(puppet.sent<wire::Join>().at(0).have_round, wire::kNoRound);
  puppet.clear();
  puppet.hear(welcome(70));
  puppet.work();
  EXPECT_FALSE(puppet.session.round());
  EXPECT_EQ(last_request(puppet).have_round, wire::kNoRound);
  puppet.hear(chunk(64, 0, 1));
  puppet.work();
  EXPECT_EQ(puppet.session.round(), 64u);
}

}  // namespace
}  // namespace psephos::client::testing
