// What a round brings to a worker beside its decision: terms, steps of its own for each tensor, and
// what became of the last ballot.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "runtime/replica/checkpoint.h"
#include "runtime/replica/fingerprint.h"
#include "tests/client/work/bench.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos::client::testing {
namespace {

const RoundTerms kFirst = {0.25f, 8, {}};
const RoundTerms kNext = {0.5f, 16, {}};

wire::Welcome welcome_in(std::uint32_t round) {
  wire::Welcome welcome = welcome_with();
  welcome.round = round;
  welcome.terms = kFirst;
  return welcome;
}

// A decision, what its frame owns in life, and the replica that it moves along.
struct Decided {
  EncodedSigns votes;
  Replica x{kD};
  wire::Decision decision;

  // In a frame of its own: replicas are told apart by it.
  ApplyDecisions job() const { return {std::make_shared<const Bytes>(), {decision}}; }
};

Decided decide(const wire::Welcome& welcome, std::span<const float> from, std::uint32_t round,
               std::vector<float> steps, const RoundTerms& next) {
  Decided made;
  std::ranges::copy(from, made.x.mutable_parameters().begin());
  const PackedSigns signs = signs_at(round);
  made.votes = encode(signs);
  made.decision.round = round;
  made.decision.delta = 0.125f;
  made.decision.keep = 0.9375f;
  made.decision.encoding = made.votes.encoding;
  made.decision.planes = made.votes.planes;
  made.decision.next = next;
  made.decision.steps = std::move(steps);
  made.decision.fingerprint =
      made.x.apply(signs, step_ranges(kD, 0.125f, made.decision.steps, welcome.tensors), 0.9375f);
  return made;
}

std::uint32_t samples_of_next_ballot(Worker& worker, std::uint32_t round) {
  return perform<BallotReady>(worker, ComputeBallot{round}).ballot->samples;
}

TEST(WorkerTerms, ComeWithWelcomeAndThenWithEveryDecision) {
  const wire::Welcome welcome = welcome_in(0);
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome});
  EXPECT_EQ(samples_of_next_ballot(worker, 0), 8u);
  const Decided made = decide(welcome, worker.parameters(), 0, {}, kNext);
  ASSERT_TRUE(perform<Applied>(worker, made.job()).matched);
  EXPECT_EQ(samples_of_next_ballot(worker, 1), 16u);
  EXPECT_EQ(worker.samples_per_ballot(), 16u);
}

TEST(WorkerTerms, OfTheJobGoBeforeThoseThatCameWithTheReplica) {
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome_in(0)});
  const auto done = perform<BallotReady>(worker, ComputeBallot{0, RoundTerms{0.25f, 5, {}}});
  EXPECT_EQ(done.ballot->samples, 5u);
  const AlignedVector<float> g = gradient_of(worker.parameters(), batch_of(0, 0, 5));
  EXPECT_EQ(done.ballot->votes.planes, encode(make_ballot("sign", g, kKey, 0)).planes);
}

TEST(WorkerTerms, OfAWelcomeToALaterRoundAreNotThoseOfX0) {
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome_in(9)});
  EXPECT_EQ(worker.snapshot({}).run->terms, RoundTerms{});
}

TEST(WorkerTerms, ComeWithACheckpoint) {
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome_in(0)});
  AlignedVector<float> x(kD);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = target(7, i);
  const RoundTerms terms = {0.5f, 11, {0.5f, 2}};
  const Bytes bytes = encode_checkpoint(64, x, fingerprint(x), nullptr, terms);
  const wire::CheckpointChunk chunk{64, fingerprint(x), 0, 1, bytes};
  ASSERT_TRUE(perform<ChunkLoaded>(worker, LoadChunk{nullptr, chunk}).matched);
  EXPECT_EQ(worker.snapshot({}).run->terms, terms);
  EXPECT_EQ(samples_of_next_ballot(worker, 64), 11u);
}

TEST(WorkerTerms, ComeWithARestoredState) {
  const wire::Welcome welcome = welcome_in(0);
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome});
  const Decided made = decide(welcome, worker.parameters(), 0, {}, kNext);
  ASSERT_TRUE(perform<Applied>(worker, made.job()).matched);
  const auto state = decode_state(encode_state(worker.snapshot({0xA11, 0, 1, nullptr})));
  ASSERT_TRUE(state) << state.error().text;
  EXPECT_EQ(state->run->terms, kNext);
  Worker again(quadratic(kD, kSamples), kKey);
  ASSERT_TRUE(
      perform<Prepared>(again, Prepare{welcome, std::make_shared<const RunState>(*state->run)})
          .restored);
  EXPECT_EQ(samples_of_next_ballot(again, 1), 16u);
}

TEST(WorkerTerms, StepsOfEachTensorLeadToTheCoordinatorsBits) {
  const wire::Welcome welcome = welcome_in(0);
  for (const std::vector<float>& steps :
       {std::vector<float>{0.5f, 0.0625f}, {0, 0.25f}, {0.03f, 0}, {}}) {
    Worker worker(quadratic(kD, kSamples), kKey);
    perform<Prepared>(worker, Prepare{welcome});
    const Decided made = decide(welcome, worker.parameters(), 0, steps, kNext);
    const auto done = perform<Applied>(worker, made.job());
    EXPECT_TRUE(done.matched);
    EXPECT_EQ(done.fingerprint, made.x.fingerprint());
    EXPECT_TRUE(std::ranges::equal(worker.parameters(), made.x.parameters()));
    // By hand: x <- x*keep, then x - s*step, each rounded.
    const std::vector<float> x = x_0(welcome);
    const PackedSigns signs = signs_at(0);
    for (std::size_t i = 0; i < kD; ++i) {
      const float step = steps.empty() ? 0.125f : steps[i < kD - 2 ? 0 : 1];
      volatile const float kept = x[i] * 0.9375f;
      volatile const float moved = kept - static_cast<float>(signs.at(i)) * step;
      ASSERT_EQ(worker.parameters()[i], moved) << i;
    }
  }
}

TEST(WorkerTerms, AnotherNumberOfStepsThanTensorsDoesNotMatch) {
  const wire::Welcome welcome = welcome_in(0);
  SharedReplicas shared;
  for (SharedReplicas* with : {static_cast<SharedReplicas*>(nullptr), &shared}) {
    for (const std::size_t count : {1u, 3u, 256u}) {
      Worker worker(quadratic(kD, kSamples), kKey, with);
      perform<Prepared>(worker, Prepare{welcome});
      Decided made = decide(welcome, worker.parameters(), 0, {}, kNext);
      made.decision.steps.assign(count, 0.125f);
      EXPECT_FALSE(perform<Applied>(worker, made.job()).matched) << count;
    }
  }
}

// ---- what rules are told -----------------------------------------------------------------------

// Votes as sign does, and counts what it is told.
class Listener : public BallotRule {
 public:
  PackedSigns ballot(std::span<const float> v, const BallotContext& context) override {
    if (told_.empty()) told_.resize(v.size());
    return make_ballot("sign", v, context.key, context.round);
  }
  void settle(bool counted) override {
    ++told_[0];
    if (counted) ++told_[1];
  }
  RuleSlots slots() override { return {{"told", &told_}}; }

 private:
  AlignedVector<std::uint32_t> told_;  // how often, and how often that it was counted
};

const BallotRuleInfo kListener = {
    .head = {.word = "listener", .help = "listens", .example = "listener", .parameters = {}},
    .needs = {.settles = true},
    .make = [](std::span<const double>) -> std::unique_ptr<BallotRule> {
      return std::make_unique<Listener>();
    }};

const BallotRuleInfo kDeaf = {
    .head = {.word = "deaf", .help = "does not", .example = "deaf", .parameters = {}},
    .needs = {},
    .make = kListener.make};

wire::Welcome welcome_to(const BallotRuleInfo& rule) {
  wire::Welcome welcome = welcome_in(0);
  welcome.hyper.ballot = {&rule, {}};
  return welcome;
}

std::vector<std::uint32_t> told(Worker& worker) {
  const RuleState state = worker.snapshot({}).run->rules;
  const auto& numbers = std::get<AlignedVector<std::uint32_t>>(state.at(0).numbers);
  return {numbers.at(0), numbers.at(1)};
}

TEST(WorkerFate, IsPassedOnToTheRuleThatAsksForIt) {
  const wire::Welcome welcome = welcome_to(kListener);
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome});
  for (std::uint32_t round = 0; round < 4; ++round) {
    perform<BallotReady>(worker, ComputeBallot{round});
    const Decided made = decide(welcome, worker.parameters(), round, {}, kNext);
    ApplyDecisions job = made.job();
    if (round < 3) job.fate = Fate{round, round != 1};
    ASSERT_TRUE(perform<Applied>(worker, std::move(job)).matched);
  }
  EXPECT_EQ(told(worker), (std::vector<std::uint32_t>{3, 2})) << "and nothing where there is none";
}

TEST(WorkerFate, OfACheckpointIsPassedOnWithItsFirstChunk) {
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome_to(kListener)});
  perform<BallotReady>(worker, ComputeBallot{0});
  AlignedVector<float> x(kD);
  const Bytes bytes = encode_checkpoint(64, x, fingerprint(x), nullptr, {});
  const wire::CheckpointChunk chunk{64, fingerprint(x), 0, 1, bytes};
  ASSERT_TRUE(perform<ChunkLoaded>(worker, LoadChunk{nullptr, chunk, Fate{0, true}}).matched);
  EXPECT_EQ(told(worker), (std::vector<std::uint32_t>{1, 1}));
}

TEST(WorkerFate, IsKeptFromRulesThatDoNotAskForIt) {
  const wire::Welcome welcome = welcome_to(kDeaf);
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome});
  perform<BallotReady>(worker, ComputeBallot{0});
  const Decided made = decide(welcome, worker.parameters(), 0, {}, kNext);
  ApplyDecisions job = made.job();
  job.fate = Fate{0, true};
  ASSERT_TRUE(perform<Applied>(worker, std::move(job)).matched);
  EXPECT_EQ(told(worker), (std::vector<std::uint32_t>{0, 0}));
}

// ---- scales ------------------------------------------------------------------------------------

wire::Welcome stochastic(std::vector<float> scales) {
  wire::Welcome welcome = welcome_with(
      [](Hyperparameters& hyper) { hyper.ballot = *parse_ballot_rule("stochastic-ternary:8"); });
  welcome.terms.scales = std::move(scales);
  return welcome;
}

TEST(WorkerScales, ReachTheBallotAndTheReportTravelsWithIt) {
  const wire::Welcome welcome = stochastic({3, 0.5f});
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome});
  const auto done = perform<BallotReady>(worker, ComputeBallot{0});
  const AlignedVector<float> g = gradient_of(x_0(welcome), batch_of(0, 0, 8));
  const auto rule = welcome.hyper.ballot.rule->make(welcome.hyper.ballot.values);
  const PackedSigns expected = rule->ballot(g, {kKey, 0, &welcome.tensors, welcome.terms.scales});
  EXPECT_GT(expected.voted_count(), 0u);
  EXPECT_EQ(done.ballot->votes.encoding, encode(expected).encoding);
  EXPECT_EQ(done.ballot->votes.planes, encode(expected).planes);
  ASSERT_EQ(done.ballot->scales.size(), 2u);
  for (std::size_t t = 0; t < 2; ++t) {
    double squares = 0;
    const TensorEntry& tensor = welcome.tensors[t];
    for (std::size_t i = 0; i < tensor.count; ++i) {
      const auto one = static_cast<double>(g[tensor.offset + i]);
      squares += one * one;
    }
    const double rms = std::sqrt(squares / tensor.count);
    EXPECT_NEAR(static_cast<double>(done.ballot->scales[t]), rms, 1e-5 * rms);
  }
}

TEST(WorkerScales, AreThoseOfTheDecisionBefore) {
  const wire::Welcome welcome = stochastic({0, 0});
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome});
  const auto first = perform<BallotReady>(worker, ComputeBallot{0});
  EXPECT_EQ(decode(first.ballot->votes.encoding, first.ballot->votes.planes, kD)->voted_count(), 0u)
      << "no scale is known yet";
  EXPECT_EQ(first.ballot->scales.size(), 2u);
  const Decided made = decide(welcome, worker.parameters(), 0, {}, {0.25f, 8, {2, 2}});
  ASSERT_TRUE(perform<Applied>(worker, made.job()).matched);
  const auto second = perform<BallotReady>(worker, ComputeBallot{1});
  EXPECT_GT(decode(second.ballot->votes.encoding, second.ballot->votes.planes, kD)->voted_count(),
            0u);
}

// A coordinator that is not ours may leave them out, or send another number.
TEST(WorkerScales, OfAnotherNumberThanTensorsAreNotKnown) {
  for (const std::vector<float>& scales : {std::vector<float>{}, {1}, {1, 1, 1}}) {
    Worker worker(quadratic(kD, kSamples), kKey);
    perform<Prepared>(worker, Prepare{stochastic(scales)});
    const auto done = perform<BallotReady>(worker, ComputeBallot{0});
    EXPECT_EQ(decode(done.ballot->votes.encoding, done.ballot->votes.planes, kD)->voted_count(),
              0u);
  }
}

TEST(WorkerScales, AreNotReportedWhereNoRuleAsksForThem) {
  Worker worker(quadratic(kD, kSamples), kKey);
  perform<Prepared>(worker, Prepare{welcome_in(0)});
  EXPECT_TRUE(perform<BallotReady>(worker, ComputeBallot{0}).ballot->scales.empty());
}

// ---- clients of one process --------------------------------------------------------------------

TEST(WorkerTerms, ClientsWithDifferentTermsDoNotShareAReplica) {
  SharedReplicas shared;
  const wire::Welcome welcome = welcome_in(0);
  wire::Welcome other_terms = welcome;
  other_terms.terms = kNext;
  const auto prepared = [&](const wire::Welcome& with) {
    auto worker = std::make_unique<Worker>(quadratic(kD, kSamples), kKey, &shared);
    perform<Prepared>(*worker, Prepare{with});
    return worker;
  };
  const auto ann = prepared(welcome);
  const auto ben = prepared(welcome);
  const auto eve = prepared(other_terms);
  EXPECT_EQ(ann->parameters().data(), ben->parameters().data());
  EXPECT_NE(ann->parameters().data(), eve->parameters().data());
  EXPECT_EQ(samples_of_next_ballot(*ann, 0), 8u);
  EXPECT_EQ(samples_of_next_ballot(*eve, 0), 16u);

  // The same step, but for the terms of the round that it opens.
  const Decided one = decide(welcome, ann->parameters(), 0, {}, kFirst);
  const Decided other = decide(welcome, ann->parameters(), 0, {}, kNext);
  ASSERT_EQ(one.decision.fingerprint, other.decision.fingerprint);
  ASSERT_TRUE(perform<Applied>(*ann, one.job()).matched);
  ASSERT_TRUE(perform<Applied>(*ben, other.job()).matched);
  EXPECT_NE(ann->parameters().data(), ben->parameters().data());
  EXPECT_EQ(samples_of_next_ballot(*ann, 1), 8u);
  EXPECT_EQ(samples_of_next_ballot(*ben, 1), 16u);

  // And those who agree again hold one.
  const auto dan = prepared(welcome);
  ASSERT_TRUE(perform<Applied>(*dan, one.job()).matched);
  EXPECT_EQ(dan->parameters().data(), ann->parameters().data());
}

}  // namespace
}  // namespace psephos::client::testing
