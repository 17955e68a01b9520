#pragma once
// What a client votes from: its gradient, or its momentum.

#include <cstdint>
#include <span>

#include "client/ballot/ballot_rule.h"
#include "runtime/base/bytes.h"
#include "runtime/base/philox.h"
#include "runtime/run/hyperparameters.h"
#include "runtime/signs/packed_signs.h"

namespace psephos::client {

// kSignsgd: v = g (ICML 2018, algorithms 1 and 3). kSignum: m <- beta*m + (1-beta)*g, v = m, m_0 =
// 0 (algorithm 2). Keeps the momentum of one client.
class WorkerRule {
 public:
  WorkerRule(Algorithm algorithm, float beta) : algorithm_(algorithm), beta_(beta) {}

  // `gradient`: d finite floats, the same d at every call. The result is valid until the next call
  // and may be `gradient` itself.
  std::span<const float> vote_vector(std::span<const float> gradient);

  // make_ballot(rule, vote_vector(gradient), key, round), in one pass over memory where that can
  // be.
  PackedSigns vote(std::span<const float> gradient, const BallotRule& rule, PhiloxKey key,
                   std::uint32_t round);

  // d values, or empty: nothing was voted yet, or the rule has none.
  std::span<const float> momentum() const { return momentum_; }
  // Goes on from that of another WorkerRule of the same algorithm.
  void restore(std::span<const float> momentum);

 private:
  void prepare(std::size_t parameters);

  Algorithm algorithm_;
  float beta_;
  AlignedVector<float> momentum_;  // empty until the first vote: most of a large crowd never votes
};

}  // namespace psephos::client
