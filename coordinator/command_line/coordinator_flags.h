#pragma once
// The flags of psephos-coordinator: those of every run (report/options.h), and its own.

#include <cstdint>
#include <string>

#include "coordinator/server/entrance.h"
#include "runtime/base/result.h"
#include "runtime/report/cli_fwd.h"
#include "runtime/report/options.h"

namespace psephos::coordinator {

struct CoordinatorFlags {
  std::string bind = "tcp://127.0.0.1:5580";
  std::string endpoint_file;
  std::string ledger;
  std::string warm_start;
  std::string partition;
  std::uint32_t parts = 0;
  EntranceFlags entrance;
};

// Those of the run among them; `options` gets this program's defaults.
void add_coordinator_options(CLI::App& app, RunOptions& options, CoordinatorFlags& flags);

// Everything that can be told wrong before a file is read or a socket bound. Usage errors.
Result<RunConfig> check_coordinator_flags(const RunOptions& options, const CoordinatorFlags& flags);

// For check-config: what would be led, and where. The same errors.
Result<std::string> lead_in_words(const RunOptions& options, const CoordinatorFlags& flags);

}  // namespace psephos::coordinator
