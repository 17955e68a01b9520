#pragma once
// The built-in gradient source: a model of runtime/models over one part of a data set.

#include <memory>

#include "client/gradient/gradient_source.h"
#include "client/gradient/model_pool.h"
#include "runtime/data/partition.h"

namespace psephos::client {

// `part`: of the training set of `models`' data. The factory refuses a run whose model does not fit
// this data set.
GradientFactory dataset_gradient(std::shared_ptr<ModelPools> models, PartRef part);

}  // namespace psephos::client
