#pragma once
// Many runs of the proving ground, a seed each.

#include <cstdint>
#include <functional>
#include <string>

#include "simulator/proving/scenario.h"
#include "simulator/proving/world.h"

namespace psephos::proving {

struct ProveOptions {
  std::uint32_t first_seed = 1;
  std::uint32_t last_seed = 1;
  Scenario scenario = Scenario::kAll;
  std::uint32_t parameters = 1000;
  bool sqlite = false;
  unsigned threads = 1;
  bool stop_at_first = false;  // violation
};

struct ProveTotals {
  std::uint64_t runs = 0;
  std::uint64_t violations = 0;
  std::uint64_t refused = 0;  // runs that end with a ledger found damaged
  std::uint64_t rounds = 0;
  std::uint64_t coordinator_starts = 0;
  std::uint64_t client_starts = 0;
  std::uint64_t history = 0;  // of all runs together, whatever their order
  double simulated_s = 0;
  double wall_s = 0;
  bool interrupted = false;
};

// What a run of one seed was, or how it broke.
struct SeedResult {
  std::uint32_t seed = 0;
  RunReport report;
  std::string violation;  // empty: none
};

// `trace` is told everything that happens, a line each; may be null.
SeedResult play(const ProveOptions& options, std::uint32_t seed,
                const std::function<void(const std::string&)>& trace = nullptr);

struct ProveReports {
  std::function<void(const std::string&)> trace;     // may be null; of every thread
  std::function<void(std::uint32_t seed)> starting;  // on the thread that plays it
  std::function<void(const SeedResult&)> violated;   // one call at a time, as is
  std::function<void(const ProveTotals&)> progress;  // about once a second
  std::function<bool()> interrupted;                 // asked between runs
};

// Plays them all; all of `reports` but the trace must be set.
ProveTotals prove(const ProveOptions& options, const ProveReports& reports);

// The command that plays this seed again.
std::string replay_line(const ProveOptions& options, std::uint32_t seed);

}  // namespace psephos::proving
