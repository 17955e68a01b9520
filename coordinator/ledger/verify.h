#pragma once
// Is a ledger what a coordinator wrote, and does it make sense? Everything in it is read once:
// pages, checksums, the chain; every decision is applied from x_0 on and its fingerprint compared;
// checkpoints must be the models they say they are; nobody was counted twice; no row is there that
// belongs to nothing. What cannot be told: rows.h.

#include <cstdint>
#include <optional>
#include <string>

#include "coordinator/ledger/ledger_file.h"

namespace psephos::coordinator {

struct LedgerFault {
  std::optional<std::uint32_t> round;  // the first bad one; none: it is not of one round
  std::string text;
};

// Nothing where all is well. `file` must hold a run.
std::optional<LedgerFault> verify(LedgerFile& file, unsigned threads = 1);

}  // namespace psephos::coordinator
