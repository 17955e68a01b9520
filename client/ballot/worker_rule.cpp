#include "client/ballot/worker_rule.h"

#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"

namespace psephos::client {

std::span<const float> WorkerRule::vote_vector(std::span<const float> gradient) {
  if (algorithm_ == Algorithm::kSignsgd) return gradient;
  if (momentum_.empty()) momentum_.resize(gradient.size());
  PSEPHOS_CHECK(gradient.size() == momentum_.size(), "a gradient of another model");
  kernels::kernels().momentum(momentum_.data(), gradient.data(), gradient.size(), beta_);
  return momentum_;
}

}  // namespace psephos::client
