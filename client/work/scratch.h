#pragma once
// Memory that a job needs only while it runs. One per thread that does arithmetic, however many
// clients it computes for.

#include <cstdint>
#include <vector>

#include "runtime/base/bytes.h"

namespace psephos::client {

struct Scratch {
  AlignedVector<float> gradient;
  AlignedVector<float> local;        // x_E of local steps
  std::vector<std::uint32_t> batch;  // sample numbers
};

}  // namespace psephos::client
