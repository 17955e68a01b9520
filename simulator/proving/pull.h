#pragma once
// A model that costs next to nothing: every sample of a client pulls each parameter towards a place
// of its own. Gradients have all signs, and exact zeros.

#include <cstdint>

#include "client/gradient/gradient_source.h"

namespace psephos::proving {

TensorTable pull_tensors(std::uint32_t parameters);

// The source of client number `client`.
client::GradientFactory pull(std::uint32_t parameters, std::uint32_t client);

}  // namespace psephos::proving
