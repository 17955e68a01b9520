// Decisions as changes of the ones before (WIRE.md, "Change"), in runs where clients miss some,
// start late and load checkpoints.

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "coordinator/ledger/ledger.h"
#include "tests/simulator/small_world.h"

namespace psephos::simulator {
namespace {

constexpr std::uint32_t kClients = 5;
constexpr std::uint32_t kRounds = 240;

// Heavy momentum and large batches: few signs turn from round to round.
RunConfig steady_config(Downlink downlink) {
  RunConfig config = small_config(3, kClients, kRounds);
  config.hyper.worker = *parse_worker_rule("signum:0.98");
  config.batch = 64;
  config.lr = 0.0005;
  config.min_voters = 2;
  config.downlink = downlink;
  return config;
}

// How clients came to the rounds they hold, seen from outside.
class Journeys {
 public:
  std::uint64_t by_one = 0;         // a decision as it was made
  std::uint64_t by_several = 0;     // a Past of decisions
  std::uint64_t by_checkpoint = 0;  // from nothing to a checkpoint's round

  void saw(std::size_t client, const client::Session& session) {
    std::optional<std::uint32_t>& held = held_[client];
    const std::optional<std::uint32_t> round = session.round();
    if (round && held && *round > *held) ++(*round == *held + 1 ? by_one : by_several);
    if (round && !held && *round > 0 && *round % coordinator::kCheckpointEvery == 0) {
      ++by_checkpoint;
    }
    held = round;
    mismatches_[client] = session.fingerprint_mismatches();
    EXPECT_EQ(mismatches_[client], 0U) << "client " << client;
  }

 private:
  std::vector<std::optional<std::uint32_t>> held_ =
      std::vector<std::optional<std::uint32_t>>(kClients);
  std::vector<std::uint32_t> mismatches_ = std::vector<std::uint32_t>(kClients);
};

std::size_t changes_within_reach(const coordinator::Ledger& ledger) {
  std::size_t changes = 0;
  for (std::uint32_t round = 0; round < ledger.rounds(); ++round) {
    const coordinator::DecisionRef record = ledger.decision(round);
    if (record && record->votes.encoding == Encoding::kChange) ++changes;
  }
  return changes;
}

TEST(Change, EveryWayToARoundLeadsToTheSameReplica) {
  for (const Downlink downlink : {Downlink::kTernary, Downlink::kBinary}) {
    Faults faults;
    faults.lose_frame = 0.05;
    faults.repeat_frame = 0.02;
    faults.reorder = true;
    faults.reconnect = 0.01;
    faults.restart = 0.004;
    faults.until = std::chrono::seconds(200);
    Links links;
    links.latency = {20, 2};
    links.compute = {20, 2};
    Journeys journeys;
    MemoryWorld::Reports reports;
    reports.client_stepped = [&](std::size_t client, const client::Session& session) {
      journeys.saw(client, session);
    };
    SmallWorld small(steady_config(downlink), kClients, links, faults, 1, std::move(reports));
    small.world->run();
    ASSERT_EQ(small.world->failure(), "");
    const coordinator::Coordinator& coordinator = small.world->coordinator();
    ASSERT_EQ(coordinator.session().round(), kRounds);
    EXPECT_GT(changes_within_reach(coordinator.ledger()), 40U);
    EXPECT_GT(journeys.by_one, 100U);
    EXPECT_GT(journeys.by_several, 10U);
    EXPECT_GT(journeys.by_checkpoint, 0U);
    for (std::size_t i = 0; i < kClients; ++i) {
      EXPECT_EQ(small.world->client(i).fingerprint(), coordinator.session().fingerprint()) << i;
    }
  }
}

TEST(Change, MakesSteadyDecisionsCheap) {
  SmallWorld small(steady_config(Downlink::kBinary), kClients);
  small.world->run();
  const Summary summary = small.world->coordinator().summary();
  EXPECT_GE(summary.bits_up_per_parameter, 1.0);
  EXPECT_LT(summary.bits_down_per_parameter, 0.5);
  EXPECT_LE(summary.frame_overhead_down, 160u);
}

}  // namespace
}  // namespace psephos::simulator
