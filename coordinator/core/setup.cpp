#include "coordinator/core/setup.h"

#include <utility>

#include "runtime/replica/initial_file.h"
#include "runtime/replica/tensor_file.h"

namespace psephos::coordinator {

Result<PreparedRun> prepare_run(const RunConfig& config, const DatasetRef& dataset) {
  PreparedRun prepared;
  if (!config.tensors_file.empty()) {
    auto tensors = read_tensor_file(config.tensors_file);
    if (!tensors) return Error{"--model: " + tensors.error().text};
    prepared.tensors = std::move(*tensors);
    return prepared;
  }
  auto model = make_model(config.hyper.model, dataset->features, dataset->classes);
  if (!model) return model.error();
  prepared.tensors = (*model)->tensors();
  prepared.held_out =
      std::make_unique<HeldOut>(dataset, std::move(*model), config.hyper.normalisation);
  return prepared;
}

Status load_initial_parameters(const RunConfig& config, PreparedRun& prepared) {
  if (config.init_file.empty()) return Ok{};
  auto x_0 = read_initial_parameters(config.init_file, parameter_count(prepared.tensors));
  if (!x_0) return Error{"--init: " + x_0.error().text};
  prepared.x_0 = std::move(*x_0);
  return Ok{};
}

}  // namespace psephos::coordinator
