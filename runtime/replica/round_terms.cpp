#include "runtime/replica/round_terms.h"

#include <fmt/format.h>

#include <cmath>

#include "runtime/replica/tensor_table.h"

namespace psephos {

Status check_round_terms(const RoundTerms& terms) {
  if (!std::isfinite(terms.local_lr) || !(terms.local_lr > 0)) {
    return Error{
        fmt::format("the local rate {} has to be a finite number above 0", terms.local_lr)};
  }
  if (terms.batch < 1 || terms.batch > kMaxBatch) {
    return Error{
        fmt::format("a batch of {} samples, where 1 to {} are possible", terms.batch, kMaxBatch)};
  }
  if (terms.scales.size() > kMaxTensors) {
    return Error{fmt::format("{} scales are more than the {} tensors a model may have",
                             terms.scales.size(), kMaxTensors)};
  }
  for (std::size_t i = 0; i < terms.scales.size(); ++i) {
    const float scale = terms.scales[i];
    if (!std::isfinite(scale) || scale < 0) {
      return Error{fmt::format("scale {} is {}: it has to be finite and not negative", i, scale)};
    }
  }
  return Ok{};
}

}  // namespace psephos
