#include "client/work/held_replica.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "runtime/signs/decision_codec.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos::client {
namespace {

using psephos::testing::random_text;
using psephos::testing::signs_of;

constexpr std::uint32_t kD = 1500;
constexpr float kDelta = 0.5F;  // exact on the parameters below: steps there and back meet again

// All parameters are 0 at round 0.
const TensorTable kTensors = {{"x", 0, kD, 0}};

std::string opposite(std::string signs) {
  for (char& sign : signs) sign = sign == '+' ? '-' : sign == '-' ? '+' : '0';
  return signs;
}

// `count` signs of `text` turned.
std::string turned(std::string text, std::size_t count) {
  for (std::size_t i = 0; count > 0; i += 7) {
    if (text[i] == '0') continue;
    text[i] = text[i] == '+' ? '-' : '+';
    --count;
  }
  return text;
}

// A run's decisions, each encoded after the one before, and where they lead.
class History {
 public:
  History() : x_(kD) {}

  void decide(const std::string& text, bool as_change) {
    PackedSigns signs = signs_of(text);
    Made made;
    made.votes =
        as_change ? EncodedSigns{Encoding::kChange, encode_change(signs, *last_)} : encode(signs);
    x_.apply(signs, kDelta, 1);
    made.fingerprint = x_.fingerprint();
    last_ = std::move(signs);
    made_.push_back(std::move(made));
  }

  // Decisions `first` to the newest, in a frame of their own.
  ApplyDecisions from(std::uint32_t first) const {
    ApplyDecisions job{std::make_shared<const Bytes>(), {}};
    for (std::uint32_t round = first; round < made_.size(); ++round) {
      wire::Decision decision;
      decision.round = round;
      decision.delta = kDelta;
      decision.encoding = made_[round].votes.encoding;
      decision.planes = made_[round].votes.planes;
      decision.fingerprint = made_[round].fingerprint;
      job.decisions.push_back(std::move(decision));
    }
    return job;
  }

  Bytes checkpoint() const {
    const EncodedSigns last = encode(*last_);
    return encode_checkpoint(round(), x_.parameters(), x_.fingerprint(), &last, {});
  }
  LoadChunk chunk_of(const Bytes& checkpoint) const {
    return {std::make_shared<const Bytes>(),
            wire::CheckpointChunk{round(), x_.fingerprint(), 0, 1, checkpoint}};
  }

  std::uint32_t round() const { return static_cast<std::uint32_t>(made_.size()); }
  std::uint64_t fingerprint() const { return x_.fingerprint(); }

 private:
  struct Made {
    EncodedSigns votes;
    std::uint64_t fingerprint = 0;
  };

  Replica x_;
  std::optional<PackedSigns> last_;
  std::vector<Made> made_;
};

// A run of one plain decision and `changes` more.
History some_run(std::uint32_t changes) {
  History run;
  std::string text = random_text(kD, 20, 3);
  run.decide(text, false);
  for (std::uint32_t k = 0; k < changes; ++k) {
    text = turned(text, 10 + k);
    run.decide(text, true);
  }
  return run;
}

HeldReplica drawn(SharedReplicas* shared) {
  HeldReplica replica(shared);
  replica.draw(kTensors, 5, {});
  return replica;
}

TEST(HeldReplica, FollowsChangesOneByOneOrAllAtOnce) {
  const History run = some_run(8);
  SharedReplicas shared;
  for (SharedReplicas* with : {static_cast<SharedReplicas*>(nullptr), &shared}) {
    HeldReplica all_at_once = drawn(with);
    EXPECT_TRUE(all_at_once.apply(run.from(0)).matched);
    EXPECT_EQ(all_at_once.fingerprint(), run.fingerprint());

    HeldReplica one_by_one = drawn(with);
    for (std::uint32_t round = 0; round < run.round(); ++round) {
      ApplyDecisions job = run.from(round);
      job.decisions.resize(1);
      EXPECT_TRUE(one_by_one.apply(job).matched) << round;
    }
    EXPECT_EQ(one_by_one.fingerprint(), run.fingerprint());
  }
}

TEST(HeldReplica, KnowsFromACheckpointWhatTheNextChangeRefersTo) {
  SharedReplicas shared;
  for (SharedReplicas* with : {static_cast<SharedReplicas*>(nullptr), &shared}) {
    History run = some_run(3);
    const Bytes bytes = run.checkpoint();
    HeldReplica replica = drawn(with);
    const ChunkLoaded loaded = replica.load(run.chunk_of(bytes));
    EXPECT_TRUE(loaded.complete);
    EXPECT_TRUE(loaded.matched);
    const std::uint32_t at = run.round();
    run.decide(turned(random_text(kD, 20, 3), 40), true);
    EXPECT_TRUE(replica.apply(run.from(at)).matched);
    EXPECT_EQ(replica.fingerprint(), run.fingerprint());
  }
}

TEST(HeldReplica, AChangeOfNothingDoesNotMatch) {
  const History run = some_run(1);
  SharedReplicas shared;
  for (SharedReplicas* with : {static_cast<SharedReplicas*>(nullptr), &shared}) {
    HeldReplica replica = drawn(with);
    EXPECT_FALSE(replica.apply(run.from(1)).matched);
  }
}

// Parameters alone do not say what a change means: the decision that led to them does.
TEST(HeldReplica, SharedReplicasOfOneFingerprintButAnotherLastDecisionAreApart) {
  SharedReplicas shared;
  const std::string text = random_text(kD, 20, 3);
  History there_and_back;  // back at x_0
  there_and_back.decide(text, false);
  there_and_back.decide(opposite(text), false);
  History other_way_round;  // likewise, but the last decision is another
  other_way_round.decide(opposite(text), false);
  other_way_round.decide(text, false);
  ASSERT_EQ(there_and_back.fingerprint(), other_way_round.fingerprint());

  HeldReplica ann = drawn(&shared);
  ASSERT_TRUE(ann.apply(there_and_back.from(0)).matched);
  HeldReplica ben = drawn(&shared);
  ASSERT_TRUE(ben.apply(other_way_round.from(0)).matched);
  HeldReplica eve = drawn(&shared);
  ASSERT_EQ(ann.fingerprint(), ben.fingerprint());
  ASSERT_EQ(ann.fingerprint(), eve.fingerprint());

  there_and_back.decide(turned(opposite(text), 30), true);
  const ApplyDecisions job = there_and_back.from(2);
  EXPECT_TRUE(ann.apply(job).matched);
  EXPECT_EQ(ann.fingerprint(), there_and_back.fingerprint());
  EXPECT_FALSE(ben.apply(job).matched);
  EXPECT_FALSE(eve.apply(job).matched);
  EXPECT_FALSE(drawn(&shared).apply(job).matched);

  // The same bytes, rightly applied to the other state: another step, and found again.
  other_way_round.decide(turned(text, 30), true);
  const ApplyDecisions same_bytes = other_way_round.from(2);
  EXPECT_TRUE(std::ranges::equal(same_bytes.decisions[0].planes, job.decisions[0].planes));
  HeldReplica dan = drawn(&shared);
  ASSERT_TRUE(dan.apply(other_way_round.from(0)).matched);
  EXPECT_EQ(dan.fingerprint(), other_way_round.fingerprint());
  EXPECT_NE(dan.fingerprint(), ann.fingerprint());
}

}  // namespace
}  // namespace psephos::client
