#pragma once
// States to keep and to lose.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "client/state/client_state.h"
#include "runtime/replica/fingerprint.h"
#include "tests/runtime/signs/signs_of.h"

namespace psephos::client::testing {

struct StateParts {
  std::size_t parameters = 43;
  std::uint32_t round = 7;
  bool last = true;
  bool momentum = true;
  bool ballot = true;
};

inline AlignedVector<float> some_floats(std::size_t count, std::uint32_t seed) {
  AlignedVector<float> floats(count);
  for (std::size_t i = 0; i < count; ++i) {
    floats[i] = static_cast<float>((i * 31 + seed * 17) % 64) / 16.0f - 2.0f;
  }
  return floats;
}

inline ClientState some_state(const StateParts& parts = {}) {
  RunState run;
  run.standing.run = 0xA11;
  run.standing.epoch = 2;
  run.standing.round = parts.round;
  run.tensors = 0x7E4504;
  run.x = some_floats(parts.parameters, parts.round);
  run.fingerprint = fingerprint(run.x);
  if (parts.last) {
    run.last = psephos::testing::signs_of(psephos::testing::random_text(parts.parameters, 20, 3));
  }
  run.terms = {0.0625f, 48, {0.5f, 0}};
  if (parts.momentum) {
    run.rules = {{"signum.momentum", some_floats(parts.parameters, parts.round + 100)}};
  }
  if (parts.ballot) {
    auto ballot = std::make_shared<BallotContent>();
    ballot->votes =
        encode(psephos::testing::signs_of(psephos::testing::random_text(parts.parameters, 60, 4)));
    for (const float scale : some_floats(3, 64)) ballot->scales.push_back(std::abs(scale));
    ballot->loss = 1.25f;
    ballot->samples = 32;
    run.standing.ballot = std::move(ballot);
  }
  return {{11, 12}, std::move(run)};
}

inline void expect_same(const ClientState& a, const ClientState& b) {
  EXPECT_EQ(a.key, b.key);
  ASSERT_EQ(a.run.has_value(), b.run.has_value());
  if (!a.run) return;
  EXPECT_EQ(a.run->standing.run, b.run->standing.run);
  EXPECT_EQ(a.run->standing.epoch, b.run->standing.epoch);
  EXPECT_EQ(a.run->standing.round, b.run->standing.round);
  EXPECT_EQ(a.run->tensors, b.run->tensors);
  EXPECT_EQ(a.run->fingerprint, b.run->fingerprint);
  EXPECT_EQ(a.run->x, b.run->x);
  EXPECT_EQ(a.run->last, b.run->last);
  EXPECT_EQ(a.run->terms, b.run->terms);
  EXPECT_EQ(a.run->rules, b.run->rules);
  const BallotContent* one = a.run->standing.ballot.get();
  const BallotContent* other = b.run->standing.ballot.get();
  ASSERT_EQ(one == nullptr, other == nullptr);
  if (one == nullptr) return;
  EXPECT_EQ(one->votes.encoding, other->votes.encoding);
  EXPECT_EQ(one->votes.planes, other->votes.planes);
  EXPECT_EQ(one->scales, other->scales);
  EXPECT_EQ(one->loss, other->loss);
  EXPECT_EQ(one->samples, other->samples);
}

}  // namespace psephos::client::testing
