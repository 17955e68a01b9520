#include "simulator/memory_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/simulator/small_world.h"

namespace psephos::simulator {
namespace {

struct Seen {
  std::vector<RoundRow> rounds;
  std::vector<EvaluationRow> evaluations;

  MemoryWorld::Reports reports() {
    MemoryWorld::Reports reports;
    reports.round_finished = [this](const RoundRow& row) { rounds.push_back(row); };
    reports.evaluation_known = [this](const EvaluationRow& row) { evaluations.push_back(row); };
    return reports;
  }
};

TEST(MemoryWorld, TheNumberOfThreadsNeverShows) {
  RunConfig config = small_config(3, 5, 30);
  config.hyper.model = "mlp:6";
  Links links;
  links.latency = {20, 2};
  links.compute = {30, 1.5};
  links.drop = 0.2;
  config.min_voters = 2;
  std::vector<RoundRow> first;
  for (const unsigned threads : {1u, 2u, 4u}) {
    Seen seen;
    SmallWorld small(config, 5, links, {}, threads, seen.reports());
    small.world->run();
    ASSERT_EQ(seen.rounds.size(), 30u);
    if (first.empty()) first = seen.rounds;
    for (std::size_t i = 0; i < first.size(); ++i) {
      ASSERT_EQ(seen.rounds[i].fingerprint, first[i].fingerprint)
          << threads << " threads, round " << i;
      ASSERT_EQ(seen.rounds[i].seconds, first[i].seconds);
      ASSERT_EQ(seen.rounds[i].bytes_up, first[i].bytes_up);
      ASSERT_EQ(seen.rounds[i].bytes_down, first[i].bytes_down);
    }
  }
}

TEST(MemoryWorld, ClientsLearn) {
  RunConfig config = small_config(1, 4, 300);
  config.schedule = *parse_schedule("cosine");
  config.batch = 16;
  config.eval_every = 100;
  Seen seen;
  SmallWorld small(config, 4, {}, {}, 2, seen.reports());
  small.world->run();
  ASSERT_EQ(seen.evaluations.size(), 3u);
  ASSERT_TRUE(seen.evaluations.back().held_out.has_value());
  EXPECT_GT(seen.evaluations.back().held_out->accuracy, 0.8);
  EXPECT_GT(small.world->gradient_seconds(), 0);
}

TEST(MemoryWorld, SlowClientsMissTheDeadlineAndRoundsDoNotWaitForThem) {
  RunConfig config = small_config(1, 5, 40);
  config.min_voters = 2;
  config.deadline_ms = 200;
  Links links;
  links.compute = {50, 1};
  links.slow_share = 0.2;  // one of five: takes a second
  links.slow_factor = 20;
  Seen seen;
  SmallWorld small(config, 5, links, {}, 1, seen.reports());
  small.world->run();
  ASSERT_EQ(seen.rounds.size(), 40u);
  for (const RoundRow& row : seen.rounds) EXPECT_EQ(row.voters, 4u);
  EXPECT_NEAR(seen.rounds.back().seconds, 40 * 0.2, 0.5);
  std::size_t absent = 0;
  for (const ClientRow& row : small.world->coordinator().session().client_rows()) {
    if (row.counted == 0) ++absent;
  }
  EXPECT_EQ(absent, 1u);
}

TEST(MemoryWorld, AStaleBallotOfASlowClientCounts) {
  RunConfig config = small_config(1, 3, 40);
  config.min_voters = 2;
  config.deadline_ms = 100;
  config.hyper.staleness = 8;
  Links links;
  links.compute = {40, 1};
  links.slow_share = 0.3;
  links.slow_factor = 10;  // four rounds a ballot
  Seen seen;
  SmallWorld small(config, 3, links, {}, 1, seen.reports());
  small.world->run();
  std::uint64_t least = 40;
  for (const ClientRow& row : small.world->coordinator().session().client_rows()) {
    least = std::min(least, row.counted);
  }
  EXPECT_GT(least, 4u);
  EXPECT_LT(least, 20u);
}

TEST(MemoryWorld, LostBallotsAreAbsentAndTheRunEndsAllTheSame) {
  RunConfig config = small_config(5, 6, 60);
  config.min_voters = 2;
  config.deadline_ms = 50;
  Links links;
  links.drop = 0.3;
  Seen seen;
  SmallWorld small(config, 6, links, {}, 1, seen.reports());
  small.world->run();
  double voters = 0;
  for (const RoundRow& row : seen.rounds) voters += row.voters;
  EXPECT_NEAR(voters / (60 * 6), 0.7, 0.08);
}

TEST(MemoryWorld, AMinorityOfLiarsIsOutvoted) {
  RunConfig config = small_config(2, 7, 300);
  config.schedule = *parse_schedule("cosine");
  config.batch = 16;
  for (const char* word : {"invert", "random", "constant", "collude", "abstain"}) {
    Seen seen;
    SmallWorld small(config, 7, {}, {}, 2, seen.reports(), 2, *parse_attack(word));
    small.world->run();
    ASSERT_FALSE(seen.evaluations.empty());
    EXPECT_GT(seen.evaluations.back().held_out->accuracy, 0.7) << word;
    if (std::string(word) == "abstain") {
      EXPECT_NEAR(seen.rounds.back().abstained, 2.0 / 7, 1e-9);
      continue;
    }
    if (std::string(word) != "invert") continue;
    // The liars are the first clients. Those who vote against gradients are given away by their
    // agreement with decisions; colluders are not, because where gradients are noise they make the
    // decisions.
    double liars = 0;
    double others = 0;
    for (const ClientRow& row : small.world->coordinator().session().client_rows()) {
      (row.name == "client-1" || row.name == "client-2" ? liars : others) += row.agreement;
    }
    EXPECT_LT(liars / 2, others / 5) << word;
  }
}

TEST(MemoryWorld, AFractionIsDrawnAndOnlyTheDrawnVote) {
  for (const Audience audience : {Audience::kAll, Audience::kDrawn}) {
    RunConfig config = small_config(4, 10, 50);
    config.fraction = 0.3;
    config.min_voters = 3;
    config.hyper.audience = audience;
    Seen seen;
    SmallWorld small(config, 10, {}, {}, 2, seen.reports());
    small.world->run();
    for (const RoundRow& row : seen.rounds) EXPECT_EQ(row.voters, 3u);
    std::uint64_t counted = 0;
    for (const ClientRow& row : small.world->coordinator().session().client_rows()) {
      EXPECT_EQ(row.counted, row.invited) << row.name;
      EXPECT_GT(row.counted, 5u) << row.name;
      EXPECT_LT(row.counted, 28u) << row.name;
      counted += row.counted;
    }
    EXPECT_EQ(counted, 150u);
    for (std::size_t i = 0; i < 10; ++i) {
      EXPECT_TRUE(small.world->client(i).ended());
      EXPECT_EQ(small.world->client(i).fingerprint(),
                small.world->coordinator().session().fingerprint());
    }
  }
}

TEST(MemoryWorld, AnInterruptedRunEndsCleanlyAfterTheRoundsItHas) {
  RunConfig config = small_config(1, 3, 1000);
  Seen seen;
  MemoryWorld::Reports reports = seen.reports();
  reports.interrupted = [&seen] { return seen.rounds.size() >= 10; };
  SmallWorld small(config, 3, {}, {}, 1, std::move(reports));
  small.world->run();
  EXPECT_EQ(small.world->coordinator().ended_because(), "interrupted");
  EXPECT_LT(small.world->coordinator().session().round(), 12u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(small.world->client(i).round(), small.world->coordinator().session().round());
  }
  ASSERT_FALSE(seen.evaluations.empty());  // the summary knows what was reached
}

TEST(MemoryWorld, ClientsReportTheirOwnAccuracyWhenAsked) {
  RunConfig config = small_config(1, 4, 40);
  config.client_eval = true;
  config.eval_every = 20;
  Seen seen;
  SmallWorld small(config, 4, {}, {}, 1, seen.reports());
  small.world->run();
  int reports = 0;
  for (const EvaluationRow& row : seen.evaluations) {
    if (!row.clients_mean) continue;
    ++reports;
    EXPECT_EQ(row.clients_mean->samples, 400u);
    EXPECT_TRUE(row.clients_median.has_value());
  }
  EXPECT_EQ(reports, 2);
}

TEST(MemoryWorld, AClientThatStartsLateCatchesUp) {
  RunConfig config = small_config(9, 3, 100);
  config.min_clients = 3;
  PopulationOptions options;
  options.clients = 4;
  options.seed = 9;
  const Population population = *Population::make(options, small_dataset());
  Crowd crowd = population.crowd();
  crowd.joins_at = [](std::size_t i) {
    return i == 3 ? Duration(std::chrono::seconds(4)) : Duration{0};
  };
  Links links;
  links.compute = {100, 1};  // ten rounds a second: round 40, checkpoint and all
  auto prepared = *coordinator::prepare_run(config, small_dataset());
  MemoryWorld::Reports reports;
  reports.held_out = [&](std::span<const float> x) { return prepared.held_out->evaluate(x); };
  MemoryWorld world({config, prepared.tensors, 5, 6, 0, true}, std::move(crowd), links, {}, 1,
                    std::move(reports));
  world.run();
  EXPECT_EQ(world.client(3).round(), 100u);
  EXPECT_EQ(world.client(3).fingerprint(), world.coordinator().session().fingerprint());
  EXPECT_EQ(world.client(3).fingerprint_mismatches(), 0u);
  EXPECT_GT(world.coordinator().session().client_rows()[3].counted, 40u);
}

TEST(MemoryWorld, AGivenX0ReachesEveryClientInOneCheckpointThatTheyShare) {
  for (const Audience audience : {Audience::kAll, Audience::kDrawn}) {
    RunConfig config = small_config(9, 3, 100);
    config.hyper.audience = audience;
    if (audience == Audience::kDrawn) config.fraction = 0.75;
    PopulationOptions options;
    options.clients = 4;
    options.seed = 9;
    const Population population = *Population::make(options, small_dataset());
    Links links;
    links.compute = {100, 1};
    const auto play = [&](const AlignedVector<float>& x_0, const auto& look) {
      Crowd crowd = population.crowd();
      crowd.joins_at = [](std::size_t i) {
        return i == 3 ? Duration(std::chrono::seconds(4)) : Duration{0};
      };
      auto prepared = *coordinator::prepare_run(config, small_dataset());
      MemoryWorld::Reports reports;
      reports.held_out = [&](std::span<const float> x) { return prepared.held_out->evaluate(x); };
      std::vector<std::string> notes;
      reports.note = [&](const std::string& text) { notes.push_back(text); };
      MemoryWorld world({config, prepared.tensors, 5, 6, 0, true, 1, x_0}, std::move(crowd), links,
                        {}, 1, std::move(reports));
      world.run();
      for (std::size_t i = 0; i < world.clients(); ++i) {
        EXPECT_EQ(world.client(i).round(), 100u);
        EXPECT_EQ(world.client(i).fingerprint(), world.coordinator().session().fingerprint());
        EXPECT_EQ(world.client(i).fingerprint_mismatches(), 0u);
        EXPECT_EQ(world.worker(i).parameters().data(), world.worker(0).parameters().data());
      }
      for (const std::string& text : notes) {
        EXPECT_EQ(text.find("does not match"), std::string::npos) << text;
      }
      look(world);
    };
    std::uint64_t down_drawn = 0;
    std::uint64_t fingerprint_drawn = 0;
    std::size_t d = 0;
    play({}, [&](const MemoryWorld& world) {
      down_drawn = world.coordinator().summary().bytes_down;
      fingerprint_drawn = world.coordinator().session().fingerprint();
      d = world.coordinator().parameters().size();
    });
    play(AlignedVector<float>(d, 0.01f), [&](const MemoryWorld& world) {
      EXPECT_NE(world.coordinator().session().fingerprint(), fingerprint_drawn);
      if (audience == Audience::kDrawn) return;
      // Three who were there from the start fetch it; the latecomer takes one in either world.
      const std::uint64_t more = world.coordinator().summary().bytes_down - down_drawn;
      EXPECT_GE(more, 3 * 4 * d);
      EXPECT_LE(more, 4 * (wire::max_checkpoint_bytes(d) + 300));
    });
  }
}

}  // namespace
}  // namespace psephos::simulator
