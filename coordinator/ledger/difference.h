#pragma once
// Where two runs part: for "the same seed gave another model".

#include <cstddef>
#include <cstdint>
#include <optional>

#include "coordinator/ledger/ledger_file.h"
#include "runtime/base/result.h"

namespace psephos::coordinator {

struct Difference {
  std::uint32_t round = 0;  // x_round is the first model that is not the same
  std::size_t block = 0;    // its first fingerprint block (kFingerprintBlock) that is not
};

// Replays both from x_0 for as many rounds as both have. Nothing: they are the same so far. An
// error where one cannot be read or they are of models of different size.
Result<std::optional<Difference>> first_difference(LedgerFile& one, LedgerFile& other,
                                                   unsigned threads = 1);

}  // namespace psephos::coordinator
