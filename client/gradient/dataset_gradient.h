#pragma once
// The built-in gradient source: a model of runtime/models over one part of a data set.

#include <cstdint>
#include <memory>
#include <vector>

#include "client/gradient/gradient_source.h"
#include "client/gradient/model_pool.h"

namespace psephos::client {

// `part`: indices into the training set of `models`' data. The factory refuses a run whose model
// does not fit this data set.
GradientFactory dataset_gradient(std::shared_ptr<ModelPools> models,
                                 std::vector<std::uint32_t> part);

}  // namespace psephos::client
