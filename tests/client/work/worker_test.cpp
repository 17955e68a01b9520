#include "client/work/worker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "runtime/replica/fingerprint.h"
#include "tests/client/work/bench.h"

namespace psephos::client::testing {
namespace {

TEST(Worker, PreparesX0OfTheRun) {
  const wire::Welcome welcome = welcome_with();
  Worker worker(quadratic(kD, kSamples), kKey);
  const auto done = perform<Prepared>(worker, Prepare{welcome});
  EXPECT_EQ(done.run, welcome.run);
  EXPECT_EQ(done.fingerprint, fingerprint(x_0(welcome)));
  EXPECT_TRUE(std::ranges::equal(worker.parameters(), x_0(welcome)));
}

TEST(Worker, FailsWithASentenceWhereTheModelIsNotTheCoordinators) {
  wire::Welcome welcome = welcome_with();
  welcome.tensors[0].init_scale = 0.25f;
  Worker worker(quadratic(kD, kSamples), kKey);
  const JobDone failed = worker.perform(Prepare{welcome}, scratch);
  ASSERT_TRUE(std::holds_alternative<JobFailed>(failed));
  EXPECT_NE(std::get<JobFailed>(failed).text.find("tensor 1 is 'a'"), std::string::npos);
  Worker without(
      [](const wire::Welcome&) -> Result<std::unique_ptr<GradientSource>> {
        return Error{"no data here"};
      },
      kKey);
  const JobDone done = without.perform(Prepare{welcome_with()}, scratch);
  ASSERT_TRUE(std::holds_alternative<JobFailed>(done));
  EXPECT_EQ(std::get<JobFailed>(done).text, "no data here");
}

TEST(Worker, WhatAGradientSourceThrowsIsAFailureAndNoMore) {
  Worker worker(quadratic(kD, kSamples,
                          [](Quadratic& model) {
                            model.before_gradient = [] { throw std::runtime_error("out of disk"); };
                          }),
                kKey);
  perform<Prepared>(worker, Prepare{welcome_with()});
  const JobDone done = worker.perform(ComputeBallot{0}, scratch);
  ASSERT_TRUE(std::holds_alternative<JobFailed>(done));
  EXPECT_NE(std::get<JobFailed>(done).text.find("out of disk"), std::string::npos);
}

TEST(Worker, SignsgdVotesTheSignOfTheBatchGradient) {
  const wire::Welcome welcome = welcome_with();
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome});
  for (const std::uint32_t round : {0u, 1u, 7u}) {
    const auto done = perform<BallotReady>(worker, ComputeBallot{round});
    EXPECT_EQ(done.round, round);
    EXPECT_EQ(done.ballot->samples, 8u);
    const auto batch = batch_of(round, 0, 8);
    const AlignedVector<float> g = gradient_of(x_0(welcome), batch);
    EXPECT_EQ(done.ballot->votes.planes, encode(make_ballot("sign", g, kKey, round)).planes);
    AlignedVector<float> scratch(kD);
    const double loss = Quadratic(kD, kSamples).gradient(x_0(welcome), batch, scratch);
    EXPECT_EQ(done.ballot->loss, static_cast<float>(loss));
  }
}

TEST(Worker, SignumVotesTheSignOfTheMomentum) {
  const wire::Welcome welcome = welcome_with([](Hyperparameters& hyper) {
    hyper.worker = *parse_worker_rule("signum:0.75");
    hyper.ballot = *parse_ballot_rule("threshold:0.5");
  });
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome});
  AlignedVector<float> m(kD, 0.0f);
  for (std::uint32_t round = 0; round < 10; ++round) {
    const auto done = perform<BallotReady>(worker, ComputeBallot{round});
    const AlignedVector<float> g = gradient_of(x_0(welcome), batch_of(round, 0, 8));
    for (std::size_t i = 0; i < kD; ++i) {
      volatile const float kept = 0.75f * m[i];
      volatile const float added = 0.25f * g[i];
      m[i] = kept + added;
    }
    const EncodedSigns expected = encode(make_ballot(welcome.hyper.ballot, m, kKey, round));
    EXPECT_EQ(done.ballot->votes.encoding, expected.encoding);
    EXPECT_EQ(done.ballot->votes.planes, expected.planes) << "round " << round;
  }
}

// x_E by a naive loop; then (x - x_E) * (1 / (E * rate)).
AlignedVector<float> naive_local_steps(std::span<const float> x, float rate,
                                       const std::vector<std::vector<std::uint32_t>>& batches) {
  AlignedVector<float> local(x.begin(), x.end());
  for (const auto& batch : batches) {
    const AlignedVector<float> g = gradient_of(local, batch);
    for (std::size_t i = 0; i < kD; ++i) {
      volatile const float step = rate * g[i];
      local[i] -= step;
    }
  }
  const float scale = 1.0f / (static_cast<float>(batches.size()) * rate);
  for (std::size_t i = 0; i < kD; ++i) local[i] = (x[i] - local[i]) * scale;
  return local;
}

TEST(Worker, VotesOnTheWayThatSeveralLocalStepsWent) {
  wire::Welcome welcome = welcome_with([](Hyperparameters& hyper) { hyper.local_steps = 5; });
  welcome.terms.local_lr = 0.125f;
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome});
  const auto done = perform<BallotReady>(worker, ComputeBallot{3});
  std::vector<std::vector<std::uint32_t>> batches;
  for (std::uint32_t step = 0; step < 5; ++step) batches.push_back(batch_of(3, step, 8));
  const AlignedVector<float> v = naive_local_steps(x_0(welcome), 0.125f, batches);
  EXPECT_EQ(done.ballot->votes.planes, encode(make_ballot("sign", v, kKey, 3)).planes);
  EXPECT_EQ(done.ballot->samples, 40u);
  EXPECT_TRUE(std::ranges::equal(worker.parameters(), x_0(welcome))) << "the replica stays";
}

TEST(Worker, ALocalEpochTakesEverySampleOnce) {
  for (const std::uint32_t size : {8u, 30u, 90u, 1000u}) {
    wire::Welcome welcome =
        welcome_with([](Hyperparameters& hyper) { hyper.local_steps = kLocalEpoch; });
    welcome.terms = {0.125f, size};
    Worker worker(quadratic(kD, kSamples), kKey);
    perform<Prepared>(worker, Prepare{welcome});
    const auto done = perform<BallotReady>(worker, ComputeBallot{3});
    const std::vector<std::uint32_t> order = epoch_order(kKey, 3, kSamples);
    std::vector<std::vector<std::uint32_t>> batches;
    for (std::uint32_t first = 0; first < kSamples; first += size) {
      batches.emplace_back(order.begin() + first, order.begin() + std::min(first + size, kSamples));
    }
    const AlignedVector<float> v = naive_local_steps(x_0(welcome), 0.125f, batches);
    EXPECT_EQ(done.ballot->votes.planes, encode(make_ballot("sign", v, kKey, 3)).planes);
    EXPECT_EQ(done.ballot->samples, kSamples);
  }
}

TEST(Worker, TheSameKeyGivesTheSameBallotAndAnotherKeyAnother) {
  const auto planes = [](PhiloxKey key) {
    Worker worker(quadratic(kD, kSamples), key);
    perform<Prepared>(worker, Prepare{welcome_with()});
    return perform<BallotReady>(worker, ComputeBallot{2}).ballot->votes.planes;
  };
  EXPECT_EQ(planes(kKey), planes(kKey));
  EXPECT_NE(planes(kKey), planes({21, 7}));
}

TEST(Worker, AGradientThatIsNotFiniteIsAnAbstentionAndLeavesTheMomentumAlone) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  // Which value of which round goes wrong.
  const std::vector<std::function<double(std::span<float>, double)>> faults = {
      [nan](std::span<float> g, double loss) { return g[kD - 1] = nan, loss; },
      [inf](std::span<float> g, double loss) { return g[0] = -inf, loss; },
      [nan](std::span<float>, double) { return static_cast<double>(nan); },
      [](std::span<float>, double) { return 1e300; },  // finite, but not as the wire's float
  };
  const wire::Welcome welcome =
      welcome_with([](Hyperparameters& hyper) { hyper.worker = *parse_worker_rule("signum:0.9"); });
  Worker healthy(quadratic(kD, kSamples), kKey);
  perform<Prepared>(healthy, Prepare{welcome});
  const auto first = perform<BallotReady>(healthy, ComputeBallot{0});
  const auto third = perform<BallotReady>(healthy, ComputeBallot{2});
  for (const auto& fault : faults) {
    bool ill = false;
    Worker worker(quadratic(kD, kSamples,
                            [&](Quadratic& model) {
                              model.after_gradient = [&](std::span<float> g, double loss) {
                                return ill ? fault(g, loss) : loss;
                              };
                            }),
                  kKey);
    perform<Prepared>(worker, Prepare{welcome});
    EXPECT_EQ(perform<BallotReady>(worker, ComputeBallot{0}).ballot->votes.planes,
              first.ballot->votes.planes);
    ill = true;
    const auto none = perform<BallotReady>(worker, ComputeBallot{1});
    EXPECT_EQ(none.ballot->votes.encoding, Encoding::kNone);
    EXPECT_TRUE(none.ballot->votes.planes.empty());
    EXPECT_EQ(none.ballot->loss, 0.0f);
    ill = false;
    EXPECT_EQ(perform<BallotReady>(worker, ComputeBallot{2}).ballot->votes.planes,
              third.ballot->votes.planes)
        << "as if round 1 had not been";
  }
}

TEST(Worker, WithoutDataItAnswersNone) {
  for (const std::uint32_t steps : {1u, 3u, kLocalEpoch}) {
    Worker worker(quadratic(kD, 0), kKey);
    perform<Prepared>(
        worker,
        Prepare{welcome_with([steps](Hyperparameters& hyper) { hyper.local_steps = steps; })});
    const auto done = perform<BallotReady>(worker, ComputeBallot{0});
    EXPECT_EQ(done.ballot->votes.encoding, Encoding::kNone);
    EXPECT_EQ(done.ballot->samples, 0u);
  }
}

}  // namespace
}  // namespace psephos::client::testing
