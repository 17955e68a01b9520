#include "client/ballot/worker_rule.h"

#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"

namespace psephos::client {

void WorkerRule::prepare(std::size_t parameters) {
  if (momentum_.empty()) momentum_.resize(parameters);
  PSEPHOS_CHECK(parameters == momentum_.size(), "a gradient of another model");
}

void WorkerRule::restore(std::span<const float> momentum) {
  PSEPHOS_CHECK(momentum.empty() || algorithm_ == Algorithm::kSignum, "a rule without momentum");
  momentum_.assign(momentum.begin(), momentum.end());
}

std::span<const float> WorkerRule::vote_vector(std::span<const float> gradient) {
  if (algorithm_ == Algorithm::kSignsgd) return gradient;
  prepare(gradient.size());
  kernels::kernels().momentum(momentum_.data(), gradient.data(), gradient.size(), beta_);
  return momentum_;
}

PackedSigns WorkerRule::vote(std::span<const float> gradient, const BallotRule& rule, PhiloxKey key,
                             std::uint32_t round) {
  if (algorithm_ != Algorithm::kSignum || rule.kind != BallotRule::Kind::kSign) {
    return make_ballot(rule, vote_vector(gradient), key, round);
  }
  prepare(gradient.size());
  PackedSigns ballot;
  ballot.parameters = gradient.size();
  ballot.signs.resize(word_count(gradient.size()));
  kernels::kernels().signum(momentum_.data(), gradient.data(), gradient.size(), beta_,
                            coins_of(key, round), ballot.signs.data());
  return ballot;
}

}  // namespace psephos::client
