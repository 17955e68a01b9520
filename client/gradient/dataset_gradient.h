#pragma once
// The built-in gradient source: a model of runtime/models over one part of a data set.

#include <cstdint>
#include <vector>

#include "client/gradient/gradient_source.h"
#include "runtime/data/dataset.h"

namespace psephos::client {

// `part`: indices into dataset->train. The factory refuses a run whose model does not fit this data
// set.
GradientFactory dataset_gradient(DatasetRef dataset, std::vector<std::uint32_t> part);

}  // namespace psephos::client
