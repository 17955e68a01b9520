#include "coordinator/core/setup.h"

#include <utility>

namespace psephos::coordinator {

Result<PreparedRun> prepare_run(const RunConfig& config, const DatasetRef& dataset) {
  auto model = make_model(config.hyper.model, dataset->features, dataset->classes);
  if (!model) return model.error();
  PreparedRun prepared;
  prepared.tensors = (*model)->tensors();
  prepared.held_out =
      std::make_unique<HeldOut>(dataset, std::move(*model), config.hyper.normalisation);
  return prepared;
}

}  // namespace psephos::coordinator
