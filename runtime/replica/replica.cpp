#include "runtime/replica/replica.h"

#include <cmath>

#include "platforms/kernels/environment.h"
#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"
#include "runtime/replica/fingerprint.h"

namespace psephos {

void Replica::apply(const PackedSigns& decision, float delta, float keep) {
  const std::size_t words = word_count(x_.size());
  PSEPHOS_CHECK(decision.parameters == x_.size() && decision.signs.size() == words,
                "a decision on another number of parameters");
  PSEPHOS_CHECK(decision.all_voted() || decision.voted.size() == words,
                "a decision whose voted plane has another size than its sign plane");
  PSEPHOS_CHECK(std::isfinite(delta) && delta > 0, "a step that is not finite and positive");
  PSEPHOS_CHECK(keep > 0 && keep <= 1, "a keep outside (0, 1]");
  const kernels::FloatEnvironment environment;
  const std::uint32_t* voted = decision.all_voted() ? nullptr : decision.voted.data();
  kernels::kernels().apply(x_.data(), x_.size(), decision.signs.data(), voted, delta, keep);
}

std::uint64_t Replica::fingerprint() const { return psephos::fingerprint(x_); }

}  // namespace psephos
