#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "runtime/replica/fingerprint.h"
#include "runtime/signs/decision_codec.h"
#include "tests/client/work/bench.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos::client::testing {
namespace {

struct Memory : StateKeeper {
  Status keep(const ClientState& state) override {
    if (full) return Error{"the disk is full"};
    bytes = encode_state(state);
    return Ok{};
  }
  bool full = false;
  Bytes bytes;
};

wire::Welcome signum_run() {
  return welcome_with(
      [](Hyperparameters& hyper) { hyper.worker = *parse_worker_rule("signum:0.75"); });
}

// Decision `round` of a run, as a change from the one before where there is one.
void apply(Worker& worker, std::uint32_t round) {
  const PackedSigns signs = signs_at(round);
  EncodedSigns votes = encode(signs);
  if (round > 0) votes = {Encoding::kChange, encode_change(signs, signs_at(round - 1))};
  Replica x(kD);
  std::ranges::copy(worker.parameters(), x.mutable_parameters().begin());
  wire::Decision decision;
  decision.round = round;
  decision.delta = 0.125f;
  decision.encoding = votes.encoding;
  decision.planes = votes.planes;
  decision.fingerprint = x.apply(signs, 0.125f, 1);
  decision.next = signum_run().terms;
  EXPECT_TRUE(perform<Applied>(worker, ApplyDecisions{nullptr, {decision}}).matched);
}

BallotReady vote(Worker& worker, std::uint32_t round) {
  return perform<BallotReady>(worker, ComputeBallot{round});
}

// Voted in rounds 0 to 2 and stands at round 3.
std::unique_ptr<Worker> at_round_3() {
  auto worker = std::make_unique<Worker>(quadratic(kD, kSamples), kKey);
  perform<Prepared>(*worker, Prepare{signum_run()});
  for (std::uint32_t round = 0; round < 3; ++round) {
    vote(*worker, round);
    apply(*worker, round);
  }
  return worker;
}

// A worker of another process, from what reached its disk.
std::unique_ptr<Worker> another(const Bytes& bytes, SharedReplicas* shared = nullptr) {
  auto state = decode_state(bytes);
  EXPECT_TRUE(state) << state.error().text;
  auto worker = std::make_unique<Worker>(quadratic(kD, kSamples), state->key, shared);
  const auto done = perform<Prepared>(
      *worker, Prepare{signum_run(), std::make_shared<const RunState>(*std::move(state->run))});
  EXPECT_TRUE(done.restored) << done.not_restored_because;
  EXPECT_EQ(done.fingerprint, fingerprint(worker->parameters()));
  return worker;
}

TEST(WorkerState, ABallotComesOutTheSameFromTheStateBeforeIt) {
  const auto worker = at_round_3();
  Memory memory;
  worker->keep_state_in(memory);
  EXPECT_EQ(perform<StateSaved>(*worker, SaveState{{0xA11, 0, 3, nullptr}}).failure, "");
  const auto again = another(memory.bytes);
  EXPECT_TRUE(std::ranges::equal(again->parameters(), worker->parameters()));
  for (std::uint32_t round = 3; round < 6; ++round) {
    const BallotReady expected = vote(*worker, round);
    const BallotReady ballot = vote(*again, round);
    EXPECT_EQ(ballot.ballot->votes.planes, expected.ballot->votes.planes) << "round " << round;
    EXPECT_EQ(ballot.ballot->loss, expected.ballot->loss);
    apply(*worker, round);  // a change from the decision before: that is restored, too
    apply(*again, round);
  }
}

TEST(WorkerState, TheNextBallotComesOutTheSameFromTheStateAfterThisOne) {
  const auto worker = at_round_3();
  const BallotReady kept = vote(*worker, 3);
  const Bytes bytes = encode_state(worker->snapshot({0xA11, 0, 3, kept.ballot}));
  EXPECT_EQ(decode_state(bytes)->run->standing.ballot->votes.planes, kept.ballot->votes.planes);
  const auto again = another(bytes);
  apply(*worker, 3);
  apply(*again, 3);
  EXPECT_EQ(vote(*again, 4).ballot->votes.planes, vote(*worker, 4).ballot->votes.planes);
}

TEST(WorkerState, WithoutTheMomentumItWouldBeAnotherBallot) {
  const auto worker = at_round_3();
  ClientState state = worker->snapshot({0xA11, 0, 3, nullptr});
  state.run->rules.clear();
  const auto again = another(encode_state(state));
  EXPECT_NE(vote(*again, 3).ballot->votes.planes, vote(*worker, 3).ballot->votes.planes);
}

TEST(WorkerState, RestoredClientsOfOneProcessShareAgainFromTheNextDecisionOn) {
  SharedReplicas shared;
  const Bytes bytes = encode_state(at_round_3()->snapshot({0xA11, 0, 3, nullptr}));
  const auto one = another(bytes, &shared);
  const auto other = another(bytes, &shared);
  EXPECT_NE(one->parameters().data(), other->parameters().data());
  apply(*one, 3);
  apply(*other, 3);
  EXPECT_EQ(one->parameters().data(), other->parameters().data());
}

TEST(WorkerState, AStateOfAnotherModelOrRuleIsNotRestoredAndThatIsSaid) {
  const ClientState state = at_round_3()->snapshot({0xA11, 0, 3, nullptr});
  const auto prepare = [&](const wire::Welcome& welcome, RunState run) {
    Worker worker(quadratic(kD, kSamples), kKey);
    const auto done = perform<Prepared>(
        worker, Prepare{welcome, std::make_shared<const RunState>(std::move(run))});
    EXPECT_FALSE(done.restored);
    EXPECT_TRUE(std::ranges::equal(worker.parameters(), x_0(welcome))) << "starts clean";
    return done.not_restored_because;
  };
  RunState other_model = *state.run;
  other_model.tensors ^= 1;
  EXPECT_NE(prepare(signum_run(), other_model).find("another model"), std::string::npos);
  EXPECT_NE(prepare(welcome_with(), *state.run).find("another rule"), std::string::npos);
}

TEST(WorkerState, ADiskThatIsFullIsAnAnswerAndNoFailureOfTheWorker) {
  const auto worker = at_round_3();
  Memory memory;
  memory.full = true;
  worker->keep_state_in(memory);
  EXPECT_EQ(perform<StateSaved>(*worker, SaveState{{0xA11, 0, 3, nullptr}}).failure,
            "the disk is full");
}

}  // namespace
}  // namespace psephos::client::testing
