#pragma once
// The flags of psephos-simulate sweep: those of a run, the grid over them, and where it all goes.

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/report/cli_fwd.h"
#include "runtime/report/options.h"
#include "simulator/plan.h"
#include "simulator/sweep.h"

namespace psephos::simulator {

struct SweepFlags {
  std::string grid;
  std::uint32_t seeds = 1;
  double validation_fraction = 0.1;
  std::uint32_t jobs = 1;
  SimulationOptions run;
  OutputOptions output;
};

// All of them. A run's flags that mean nothing to a sweep are taken, unseen and without effect.
void declare_sweep(CLI::App& app, SweepFlags& flags);

// A flag of a run as it was given.
struct GivenFlag {
  std::string flag;  // "--rounds"
  std::string value;
  bool operator==(const GivenFlag&) const = default;
};

// The flags of a run that are not as they were born, be it by the command line or by a file; not
// --seed, and not what means nothing to a sweep. A command line for one point of the grid begins
// with them. To be asked before make_sweep_plan.
std::vector<GivenFlag> given_flags(const CLI::App& app);

// Every point of the grid as a plan: each flag goes through the checks that a command line goes
// through. Errors are usage errors and name the flag. Leaves `app` and `flags.run` as the last
// point has them.
Result<SweepPlan> make_sweep_plan(CLI::App& app, SweepFlags& flags);

}  // namespace psephos::simulator
