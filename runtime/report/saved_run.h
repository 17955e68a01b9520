#pragma once
// A run folder read back: what there is to say of it in a line, and its curves.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/report/config_values.h"
#include "runtime/report/curve.h"

namespace psephos {

struct SavedRun {
  std::filesystem::path folder;
  ConfigValues config;
  // "finished", "interrupted", ...; empty where summary.json is missing: the run goes on, or was
  // killed.
  std::string stopped_because;
  std::uint32_t rounds = 0;
  std::optional<double> accuracy;  // the last; the clients' where there is no held-out one
  std::optional<double> loss;
  std::optional<double> wall_s;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::string fingerprint;

  // Over rounds.
  Curve train_loss;
  Curve bytes;  // both ways, since the start
  Curve evaluated_accuracy;
  Curve evaluated_loss;
  // Over bytes.
  Curve accuracy_by_bytes;
};

// `folder`: as --out left it, or as it stands while the run goes on. The error says what is missing
// or damaged.
Result<SavedRun> read_saved_run(const std::filesystem::path& folder);

}  // namespace psephos
