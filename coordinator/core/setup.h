#pragma once
// From flags to a coordinator that can start: the model's tensors, the held-out set, x_0 and the
// ledger.

#include <memory>
#include <string>
#include <vector>

#include "coordinator/evaluation/held_out.h"
#include "coordinator/ledger/ledger.h"
#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/data/dataset.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/run/run_config.h"

namespace psephos::coordinator {

struct PreparedRun {
  TensorTable tensors;
  std::unique_ptr<HeldOut> held_out;  // null for an external model: only its clients compute it
  AlignedVector<float> x_0;           // empty: drawn from tensors and seed
};

// Tensors and held-out set. `dataset`: null for an external model. Errors are about the model's
// words or, for an external one, its file.
Result<PreparedRun> prepare_run(const RunConfig& config, const DatasetRef& dataset);

// Reads x_0 where the run begins with a file (--init).
Status load_initial_parameters(const RunConfig& config, PreparedRun& prepared);

// x_0 of a run that begins with the newest parameters of another run's ledger (--warm-start).
Status load_warm_start(const std::string& ledger, PreparedRun& prepared);

struct OpenedLedger {
  std::unique_ptr<Ledger> ledger;
  std::vector<std::string> notes;  // for the log
};

// The ledger in `file` (--ledger), made where there is none; one in memory where `file` is empty.
Result<OpenedLedger> open_ledger(const std::string& file);

}  // namespace psephos::coordinator
