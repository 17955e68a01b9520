#pragma once
// Where a coordinator starts: at x_0 of a new run, or where the ledger's run stands. The newest
// checkpoint and the decisions after it are replayed, and every fingerprint on the way is checked.

#include <vector>

#include "coordinator/core/coordinator.h"
#include "coordinator/counting/counting_room.h"
#include "coordinator/ledger/ledger.h"
#include "runtime/base/result.h"
#include "runtime/replica/replica.h"

namespace psephos::coordinator {

struct Start {
  Replica x;  // at ledger.rounds()
  Carried carried;
  std::vector<CountedBallot> counted;  // newest of every key whose ballots might come again
};

// Is the run in `ledger`, if there is one, the run that `options` describe? --rounds may be larger;
// x_0 may be left out, for the ledger has it. The error names the first flag that differs and says
// what to do.
Status check_same_run(const CoordinatorOptions& options, const Ledger& ledger);

// Are the votes there, and whole, without which start_run() cannot go on with the run in `ledger`?
// Less work than start_run(): to be known before anything is opened for clients.
Status check_votes(Ledger& ledger);

// Begins a run in an empty ledger, or goes on with the one in it. A run that cannot go on is left
// as it was.
Result<Start> start_run(const CoordinatorOptions& options, Ledger& ledger);

}  // namespace psephos::coordinator
