#include "coordinator/core/setup.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "coordinator/ledger/history.h"
#include "coordinator/ledger/sqlite_ledger.h"
#include "runtime/replica/initial_file.h"
#include "runtime/replica/tensor_file.h"

namespace psephos::coordinator {
namespace {

Result<AlignedVector<float>> newest_parameters(const std::string& path, std::size_t parameters) {
  auto file = LedgerFile::open(path, LedgerFile::Use::kLook);
  if (!file) return file.error();
  if (file->run()->parameters != parameters) {
    return Error{fmt::format("{}: is of a model with {} parameters, this one has {}", path,
                             file->run()->parameters, parameters)};
  }
  const auto replay = replay_to(*file, file->rounds());
  if (!replay) return replay.error();
  const std::span<const float> x = replay->replica().parameters();
  return AlignedVector<float>(x.begin(), x.end());
}

}  // namespace

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

Status load_warm_start(const std::string& ledger, PreparedRun& prepared) {
  auto x_0 = newest_parameters(ledger, parameter_count(prepared.tensors));
  if (!x_0) return Error{"--warm-start: " + x_0.error().text};
  prepared.x_0 = std::move(*x_0);
  return Ok{};
}

Result<OpenedLedger> open_ledger(const std::string& file) {
  OpenedLedger opened;
  if (file.empty()) {
    opened.ledger = std::make_unique<MemoryLedger>();
    return opened;
  }
  auto ledger = SqliteLedger::open(file);
  if (!ledger) return Error{"--ledger: " + ledger.error().text};
  opened.notes = (*ledger)->notes();
  opened.ledger = *std::move(ledger);
  return opened;
}

}  // namespace psephos::coordinator
