#include "client/ballot/worker_rule.h"

#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"

namespace psephos::client {

WorkerRule::WorkerRule(Algorithm algorithm, float beta, std::size_t parameters)
    : beta_(beta), momentum_(algorithm == Algorithm::kSignum ? parameters : 0) {}

std::span<const float> WorkerRule::vote_vector(std::span<const float> gradient) {
  if (momentum_.empty()) return gradient;
  PSEPHOS_CHECK(gradient.size() == momentum_.size(), "a gradient of another model");
  kernels::kernels().momentum(momentum_.data(), gradient.data(), gradient.size(), beta_);
  return momentum_;
}

}  // namespace psephos::client
