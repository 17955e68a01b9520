#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/replica/fingerprint.h"
#include "tests/client/work/bench.h"

namespace psephos::client::testing {
namespace {

// decision `round` as the coordinator would send it, for a replica that it moves along.
struct Coordinator {
  Replica x;
  EncodedSigns votes;

  RoundTerms terms;  // of every round

  explicit Coordinator(const wire::Welcome& welcome) : x(kD), terms(welcome.terms) {
    fill_initial_parameters(welcome.tensors, welcome.hyper.seed, x.mutable_parameters());
  }

  wire::Decision decide(std::uint32_t round, const PackedSigns& signs, float delta, float keep) {
    x.apply(signs, delta, keep);
    votes = encode(signs);
    wire::Decision decision;
    decision.round = round;
    decision.delta = delta;
    decision.keep = keep;
    decision.encoding = votes.encoding;
    decision.planes = votes.planes;
    decision.fingerprint = x.fingerprint();
    decision.next = terms;
    return decision;
  }
};

TEST(WorkerReplica, AppliesDecisionsAndMeetsTheirFingerprints) {
  const wire::Welcome welcome = welcome_with();
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome});
  Coordinator coordinator(welcome);
  std::vector<EncodedSigns> planes;  // what the frame owns in life
  ApplyDecisions job;
  for (std::uint32_t round = 0; round < 6; ++round) {
    const AlignedVector<float> v = gradient_of(x_0(welcome), batch_of(round, 0, 3));
    const char* rule = round % 2 == 0 ? "sign" : "threshold:1";
    wire::Decision decision = coordinator.decide(round, make_ballot(rule, v, kKey, round), 0.01f,
                                                 round == 3 ? 0.9999f : 1.0f);
    planes.push_back(std::move(coordinator.votes));
    decision.planes = planes.back().planes;
    job.decisions.push_back(decision);
  }
  const auto done = perform<Applied>(worker, job);
  EXPECT_EQ(done.round, 6u);
  EXPECT_TRUE(done.matched);
  EXPECT_EQ(done.fingerprint, coordinator.x.fingerprint());
  EXPECT_TRUE(std::ranges::equal(worker.parameters(), coordinator.x.parameters()));
}

TEST(WorkerReplica, AWrongFingerprintOrDamagedPlanesDoNotMatch) {
  const wire::Welcome welcome = welcome_with();
  Coordinator coordinator(welcome);
  const AlignedVector<float> v = gradient_of(x_0(welcome), batch_of(0, 0, 3));
  const wire::Decision good = coordinator.decide(0, make_ballot("sign", v, kKey, 0), 0.01f, 1);
  const auto matched = [&](const wire::Decision& decision) {
    Worker worker(quadratic(kD, kSamples), kKey);
    perform<Prepared>(worker, Prepare{welcome});
    return perform<Applied>(worker, ApplyDecisions{nullptr, {decision}}).matched;
  };
  EXPECT_TRUE(matched(good));
  wire::Decision bad = good;
  bad.fingerprint ^= 1;
  EXPECT_FALSE(matched(bad));
  bad = good;
  bad.delta *= 2;
  EXPECT_FALSE(matched(bad));
  bad = good;
  bad.planes = bad.planes.first(bad.planes.size() - 1);
  EXPECT_FALSE(matched(bad));
  bad = good;
  bad.encoding = Encoding::kTernary;
  EXPECT_FALSE(matched(bad));
}

// A model whose checkpoint takes three chunks.
TEST(WorkerReplica, LoadsACheckpointChunkByChunk) {
  constexpr std::uint32_t kLarge = 130'000;
  wire::Welcome welcome = welcome_with();
  welcome.tensors = quadratic_tensors(kLarge);
  AlignedVector<float> x(kLarge);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = target(7, i);
  const Bytes bytes = encode_checkpoint(64, x, fingerprint(x), nullptr, {});
  ASSERT_EQ(wire::chunk_count(bytes.size()), 3u);
  const auto chunk = [&](std::uint32_t number) {
    const std::size_t offset = number * wire::kChunkBytes;
    const std::size_t size = std::min(wire::kChunkBytes, bytes.size() - offset);
    return wire::CheckpointChunk{64, fingerprint(x), number, 3,
                                 std::span(bytes).subspan(offset, size)};
  };
  Worker worker(quadratic(kLarge, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome});
  for (std::uint32_t number = 0; number < 3; ++number) {
    const auto done = perform<ChunkLoaded>(worker, LoadChunk{nullptr, chunk(number)});
    EXPECT_EQ(done.checkpoint, 64u);
    EXPECT_EQ(done.chunk, number);
    EXPECT_EQ(done.complete, number == 2);
    EXPECT_EQ(done.matched, number == 2);
    if (number == 2) {
      EXPECT_EQ(done.fingerprint, fingerprint(x));
    }
  }
  EXPECT_TRUE(std::ranges::equal(worker.parameters(), x));

  // Out of order: over, and not matched.
  const auto skipped = perform<ChunkLoaded>(worker, LoadChunk{nullptr, chunk(1)});
  EXPECT_TRUE(skipped.complete);
  EXPECT_FALSE(skipped.matched);

  // Whole, but of another round or of another fingerprint than announced.
  for (const bool round : {true, false}) {
    for (std::uint32_t number = 0; number < 3; ++number) {
      wire::CheckpointChunk other = chunk(number);
      round ? void(other.round = 65) : void(other.fingerprint ^= 1);
      const auto done = perform<ChunkLoaded>(worker, LoadChunk{nullptr, other});
      EXPECT_EQ(done.complete, number == 2);
      EXPECT_FALSE(done.matched);
    }
  }
}

TEST(WorkerReplica, EvaluatesAndKeepsNonsenseToItself) {
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome_with()});
  const auto done = perform<Evaluated>(worker, Evaluate{4});
  EXPECT_EQ(done.round, 4u);
  EXPECT_EQ(done.samples, kSamples);
  EXPECT_GT(done.accuracy, 0);
  EXPECT_LE(done.accuracy, 1);
  EXPECT_FLOAT_EQ(static_cast<float>(done.loss), worker.parameters()[0]);
  const std::vector<std::function<LossAndHits(LossAndHits)>> nonsense = {
      [](LossAndHits) { return LossAndHits{}; },
      [](LossAndHits result) { return result.loss_sum = std::nan(""), result; },
      [](LossAndHits result) { return result.hits = result.samples + 1, result; },
  };
  for (const auto& wrong : nonsense) {
    Worker confused(
        quadratic(kD, kSamples, [&](Quadratic& model) { model.after_evaluation = wrong; }), kKey);
    perform<Prepared>(confused, Prepare{welcome_with()});
    const auto said = perform<Evaluated>(confused, Evaluate{4});
    EXPECT_EQ(said.samples, 0u);
    EXPECT_EQ(said.loss, 0);
    EXPECT_EQ(said.accuracy, 0);
  }
}

// One client whose ballot is the decision: sign descent, against a loop of six lines.
TEST(WorkerReplica, TrainsAUsersOwnModelExactlyLikeSignDescent) {
  wire::Welcome welcome = welcome_with();
  welcome.terms.batch = 16;
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome});
  Coordinator coordinator(welcome);
  std::vector<float> naive = x_0(welcome);
  double first_loss = 0;
  double last_loss = 0;
  for (std::uint32_t round = 0; round < 150; ++round) {
    const auto ready = perform<BallotReady>(worker, ComputeBallot{round});
    (round == 0 ? first_loss : last_loss) = static_cast<double>(ready.ballot->loss);
    const auto signs = decode(ready.ballot->votes.encoding, ready.ballot->votes.planes, kD);
    ASSERT_TRUE(signs);
    const wire::Decision decision = coordinator.decide(round, *signs, 0.0125f, 1);
    ASSERT_TRUE(perform<Applied>(worker, ApplyDecisions{nullptr, {decision}}).matched);

    const AlignedVector<float> g = gradient_of(naive, batch_of(round, 0, 16));
    for (std::size_t i = 0; i < kD; ++i) {
      const bool negative = g[i] != 0 ? g[i] < 0 : signs->at(i) < 0;  // a coin for zeros
      naive[i] = negative ? naive[i] + 0.0125f : naive[i] - 0.0125f;
    }
    ASSERT_TRUE(std::ranges::equal(worker.parameters(), naive)) << "round " << round;
  }
  EXPECT_LT(last_loss, first_loss);
}

}  // namespace
}  // namespace psephos::client::testing
