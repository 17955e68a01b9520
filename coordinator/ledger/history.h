#pragma once
// A run's past models, rebuilt from its ledger, also of a rule that this program does not know.

#include <cstdint>

#include "coordinator/ledger/ledger_file.h"
#include "coordinator/ledger/replay.h"
#include "runtime/base/result.h"

namespace psephos::coordinator {

// The model after `round` decisions (at most file.rounds()): the nearest whole checkpoint before it
// and the decisions since, every checksum, link and fingerprint on the way compared. Votes are not
// looked at.
Result<Replay> replay_to(LedgerFile& file, std::uint32_t round, unsigned threads = 1);

}  // namespace psephos::coordinator
