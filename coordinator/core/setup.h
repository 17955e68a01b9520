#pragma once
// From flags to a coordinator that can start: the model's tensors and the held-out set.

#include <memory>

#include "coordinator/evaluation/held_out.h"
#include "runtime/base/result.h"
#include "runtime/data/dataset.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/run/run_config.h"

namespace psephos::coordinator {

struct PreparedRun {
  TensorTable tensors;
  std::unique_ptr<HeldOut> held_out;
};

Result<PreparedRun> prepare_run(const RunConfig& config, const DatasetRef& dataset);

}  // namespace psephos::coordinator
