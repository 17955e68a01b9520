// The heart of the promise: whatever the network does, a client that reports a round holds the
// coordinator's parameters of that round, and a healed run ends with one fingerprint everywhere.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "runtime/replica/fingerprint.h"
#include "tests/simulator/small_world.h"

namespace psephos::simulator::order_free_test {
namespace {

constexpr std::uint32_t kRounds = 40;
constexpr std::uint32_t kSeedsPerCase = 50;

// Checks every step of every client against the fingerprints that the coordinator committed.
class Witness {
 public:
  MemoryWorld::Reports reports() {
    MemoryWorld::Reports reports;
    reports.round_finished = [this](const RoundRow& row) { truth_[row.round] = row.fingerprint; };
    reports.client_stepped = [this](std::size_t client, const client::Session& session) {
      const auto round = session.round();
      if (!round) return;
      ++checked_;
      if (*round == 0)
        return;  // x_0 is a function of the seed; its fingerprint is checked at the end
      const auto known = truth_.find(*round);
      if (known == truth_.end() || known->second != session.fingerprint()) {
        failure_ = "client " + std::to_string(client) + " reports round " + std::to_string(*round) +
                   " with a fingerprint that the coordinator never committed";
      }
    };
    return reports;
  }

  const std::string& failure() const { return failure_; }
  std::uint64_t checked() const { return checked_; }

 private:
  std::map<std::uint32_t, std::uint64_t> truth_;
  std::string failure_;
  std::uint64_t checked_ = 0;
};

// The misfortunes of one seed: each is drawn, so that some worlds are calm and some are dreadful.
struct Misfortune {
  Links links;
  Faults faults;
};

Misfortune misfortune(std::uint32_t seed) {
  const auto draw = [seed](std::uint32_t what) {
    return unit_interval(philox_word({seed, 4711}, 0, Purpose::kFault, what));
  };
  const auto sometimes = [&](std::uint32_t what, double most) {
    return draw(2 * what) < 0.5 ? 0.0 : most * draw(2 * what + 1);
  };
  Misfortune bad;
  bad.links.latency = {sometimes(0, 80), 1 + sometimes(1, 3)};
  bad.links.compute = {sometimes(2, 100), 1 + sometimes(3, 3)};
  bad.links.slow_share = sometimes(4, 0.5);
  bad.links.slow_factor = 1 + sometimes(5, 20);
  bad.links.drop = sometimes(6, 0.4);
  bad.faults.lose_frame = sometimes(7, 0.2);
  bad.faults.repeat_frame = sometimes(8, 0.3);
  bad.faults.reorder = draw(100) < 0.5;
  bad.faults.reconnect = sometimes(9, 0.05);
  bad.faults.restart = sometimes(10, 0.02);
  bad.faults.until = std::chrono::seconds(20);
  return bad;
}

RunConfig config_of(std::uint32_t seed, std::uint32_t clients) {
  RunConfig config = small_config(seed, clients, kRounds);
  const auto pick = [seed](std::uint32_t what, std::uint32_t n) {
    return below(philox_word({seed, 4712}, 0, Purpose::kFault, what), n);
  };
  config.min_voters = 1 + pick(0, clients);
  config.min_clients = config.min_voters;
  config.fraction = pick(1, 3) == 0 ? 0.5 : 1.0;
  config.hyper.staleness = pick(2, 3);
  config.hyper.audience = pick(3, 4) == 0 ? Audience::kDrawn : Audience::kAll;
  config.hyper.worker = *parse_worker_rule(pick(4, 2) == 0 ? "signsgd" : "signum:0.9");
  if (pick(5, 3) == 0) config.hyper.ballot = *parse_ballot_rule("threshold:0.5");
  if (pick(6, 3) == 0) config.decision = *parse_decision_rule("quorum:0.3");
  if (!config.hyper.ballot.rule->needs.abstains && !needs_of(config.decision).zeros &&
      pick(7, 2) == 0) {
    config.downlink = Downlink::kBinary;
  }
  if (pick(8, 3) == 0) config.weight_decay = 0.5;
  if (pick(9, 4) == 0) config.target_voters = config.min_voters;
  return config;
}

void run_world(std::uint32_t seed, bool tell) {
  SCOPED_TRACE("replay with PSEPHOS_SEED=" + std::to_string(seed));
  const std::uint32_t clients = 3 + below(philox_word({seed, 4713}, 0, Purpose::kFault, 0), 5);
  const Misfortune bad = misfortune(seed);
  Witness witness;
  MemoryWorld::Reports reports = witness.reports();
  if (tell) reports.note = [](const std::string& text) { fmt::print("{}\n", text); };
  SmallWorld small(config_of(seed, clients), clients, bad.links, bad.faults, 1, std::move(reports));
  ASSERT_TRUE(small.world->run_until(std::chrono::hours(1))) << "the run never ended";
  ASSERT_EQ(witness.failure(), "");
  ASSERT_GT(witness.checked(), 0u);
  const auto& coordinator = small.world->coordinator();
  ASSERT_EQ(coordinator.session().round(), kRounds);
  ASSERT_EQ(coordinator.ended_because(), "finished");
  ASSERT_EQ(coordinator.session().fingerprint(), fingerprint(coordinator.parameters()));
  std::size_t ended = 0;
  for (std::size_t i = 0; i < clients; ++i) {
    const client::Session& session = small.world->client(i);
    if (!session.ended()) continue;  // asleep in its back-off when the coordinator went away
    ++ended;
    ASSERT_EQ(session.round(), kRounds) << "client " << i;
    ASSERT_EQ(fingerprint(small.world->worker(i).parameters()), coordinator.session().fingerprint())
        << "client " << i;
  }
  ASSERT_GE(ended, 1u);
  // Nobody counts twice in a tally, and a ballot counts in one round at most: with S rounds of
  // staleness a client's ballots are of distinct rounds, so no more of them count than rounds were
  // held.
  const coordinator::Ledger& ledger = coordinator.ledger();
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    const coordinator::DecisionRef record = ledger.decision(round);
    ASSERT_NE(record, nullptr);  // 40 rounds are within the reach of a memory ledger
    std::set<std::string> distinct;
    for (const coordinator::CountedBallot& ballot : record->counted)
      distinct.insert(ballot.identity);
    ASSERT_EQ(distinct.size(), record->counted.size()) << "round " << round;
    ASSERT_EQ(record->voters, record->counted.size()) << "round " << round;
  }
  for (const ClientRow& row : coordinator.session().client_rows()) {
    ASSERT_LE(row.counted, kRounds) << row.name;
  }
}

class OrderFree : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(OrderFree, EveryReportedRoundCarriesTheCoordinatorsFingerprint) {
  if (const char* replay = std::getenv("PSEPHOS_SEED")) {
    if (GetParam() == 0) run_world(static_cast<std::uint32_t>(std::atoi(replay)), true);
    return;
  }
  for (std::uint32_t i = 0; i < kSeedsPerCase && !HasFatalFailure(); ++i) {
    run_world(GetParam() * kSeedsPerCase + i, false);
  }
}

// 20 cases of 50 seeds: 1,000 worlds.
INSTANTIATE_TEST_SUITE_P(Seeds, OrderFree, ::testing::Range(0u, 20u));

}  // namespace
}  // namespace psephos::simulator::order_free_test
