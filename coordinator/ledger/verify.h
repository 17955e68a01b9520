#pragma once
// Is a ledger what a coordinator wrote, and does it make sense? Everything in it is read once:
// pages, checksums, the chain; every decision is applied from x_0 on and its fingerprint compared;
// checkpoints must be the models they say they are; where the decision rule remembers, the votes
// that a restart needs must be there, and every decision whose votes are kept is made again; nobody
// was counted twice; no row is there that belongs to nothing. What cannot be told: rows.h.

#include <cstdint>
#include <optional>
#include <string>

#include "coordinator/ledger/ledger_file.h"

namespace psephos::coordinator {

struct LedgerFault {
  std::optional<std::uint32_t> round;  // the first bad one; none: it is not of one round
  std::string text;
};

struct Verification {
  std::optional<LedgerFault> fault;  // nothing where all is well
  bool remembers = false;            // the run's decision rule does; then:
  std::uint32_t decided_again = 0;   // rounds whose votes are kept
  std::uint32_t votes_gone_to = 0;   // all rounds before this one have lost theirs to checkpoints
};

// `file` must hold a run.
Verification verify(LedgerFile& file, unsigned threads = 1);

}  // namespace psephos::coordinator
