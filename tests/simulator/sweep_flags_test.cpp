#include "simulator/sweep_flags.h"

#include "tests/simulator/sweep_asked.h"

namespace psephos::simulator {
namespace {

std::string error_of(const std::string& grid, const std::string& flags = "") {
  AskedSweep sweep(grid, flags);
  EXPECT_FALSE(sweep.status) << grid << flags;
  const auto plan = sweep.plan();
  return plan ? "no error" : plan.error().text;
}

void expect_error(const std::string& grid, const std::string& flags, const std::string& part) {
  const std::string error = error_of(grid, flags);
  EXPECT_NE(error.find(part), std::string::npos) << error;
}

TEST(SweepFlags, EveryPointIsAPlan) {
  AskedSweep sweep("lr=1e-4,1e-3 ballot=sign;threshold:0.5 clients=5,7",
                   "--seeds 3 --seed 11 --rounds 60");
  const auto plan = sweep.plan();
  ASSERT_TRUE(plan) << plan.error().text;
  ASSERT_EQ(plan->plans.size(), 8U);
  EXPECT_EQ(plan->seeds, 3U);
  EXPECT_EQ(plan->first_seed(), 11U);
  EXPECT_EQ(plan->plans[0].config.lr, 1e-4);
  EXPECT_EQ(plan->plans[7].config.lr, 1e-3);
  EXPECT_EQ(plan->plans[0].population.clients, 5U);
  EXPECT_EQ(plan->plans[0].config.min_voters, 5U);  // settled for each point by itself
  EXPECT_EQ(plan->plans[1].population.clients, 7U);
  EXPECT_EQ(plan->plans[1].config.min_voters, 7U);
  EXPECT_NE(plan->plans[0].config.hyper.ballot, plan->plans[2].config.hyper.ballot);
  for (const Plan& point : plan->plans) EXPECT_EQ(point.config.hyper.rounds, 60U);
}

TEST(SweepFlags, EveryFlagThatMakesRunsDifferCanBeInTheGrid) {
  for (const char* grid : {"model=softmax,mlp:8",
                           "rounds=5,6",
                           "batch=8,16",
                           "schedule=constant,cosine",
                           "weight-decay=0,1e-4",
                           "local-steps=1,2",
                           "local-lr=0.1,0.2",
                           "normalisation=unit,2:1",
                           "algorithm=signum,signsgd",
                           "decision=majority,quorum:0.2",
                           "downlink=ternary,binary",
                           "fraction=0.5,1",
                           "audience=all,drawn",
                           "staleness=0,1",
                           "partition=iid,shards:2",
                           "byzantine=0,1",
                           "attack=invert,random",
                           "drop=0,0.1",
                           "latency=0,10:2",
                           "slow=0:1,0.5:2",
                           "compute=0,10",
                           "min-voters=1,2",
                           "target-voters=0,5",
                           "deadline-ms=100,200"}) {
    EXPECT_EQ(error_of(grid), "no error") << grid;
  }
}

TEST(SweepFlags, WhatMakesNoSenseInAGridIsRefused) {
  expect_error("seed=1,2", "", "--grid: seeds are counted by --seeds");
  for (const char* key :
       {"dataset", "threads", "transport", "eval-every", "client-eval", "out", "json", "quiet",
        "jobs", "seeds", "validation-fraction", "grid", "help"}) {
    expect_error(std::string(key) + "=1", "", std::string("--grid: ") + key + " is no setting");
  }
  expect_error("balot=sign", "",
               "--grid: balot is no setting that a sweep can vary; did you mean ballot");
  expect_error("lr=1,2", "--lr 3", "--lr: is in the grid, too");
}

TEST(SweepFlags, ABadValueIsFoundBeforeAnythingRuns) {
  expect_error("lr=1e-3,fast", "", "--grid: --lr: \"fast\" is not a number");
  expect_error("clients=0", "", "--grid: --clients: ");
  expect_error("lr=1e-3 ballot=sign,perhaps", "", "--grid: lr=1e-3 ballot=perhaps: --ballot");
  expect_error("downlink=ternary,binary", "--ballot threshold:0.5", "--grid: downlink=binary: ");
  expect_error("lr", "", "--grid: ");
  expect_error("lr=1e-3", "--transport tcp", "--transport: a sweep runs in memory");
}

TEST(SweepFlags, TooManyRunsAreRefused) {
  expect_error("lr=1,2", "--seeds 5001", "more than 10000 runs");
  expect_error("lr=1,2", "--seeds 2 --seed 4294967295", "--seed: too large");
  std::string grid = "rounds=1";
  for (int i = 2; i <= 101; ++i) grid += "," + std::to_string(i);
  std::string batches = " batch=1";
  for (int i = 2; i <= 101; ++i) batches += "," + std::to_string(i);
  expect_error(grid + batches, "", "more than 10000 runs");
}

TEST(SweepFlags, GivenAreThoseThatDifferFromTheDefault) {
  const AskedSweep sweep("lr=1,2",
                         "--rounds 60 --batch 32 --seeds 3 --seed 5 --jobs 1 --threads 2 --quiet");
  EXPECT_EQ(sweep.given, (std::vector<GivenFlag>{{"--rounds", "60"}}));
}

TEST(SweepFlags, WhatWasAskedDoesNotHoldWhatChangesNoResult) {
  const AskedSweep one("lr=1,2", "--jobs 1 --threads 1 --out a --json");
  const AskedSweep two("lr=1,2", "--jobs 2 --eval-every 7 --quiet");
  EXPECT_EQ(one.asked, two.asked);
  EXPECT_NE(one.asked, AskedSweep("lr=1,2", "--seeds 2").asked);
}

}  // namespace
}  // namespace psephos::simulator
