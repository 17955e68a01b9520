#pragma once
// What became of a round's ballots: made by whoever counts them, committed by the machine's order.

#include <string>
#include <utility>
#include <vector>

#include "coordinator/ledger/ledger.h"

namespace psephos::coordinator {

struct ClosedRound {
  DecisionRef record;
  std::vector<std::pair<std::string, double>> agreement;  // per ballot counted singly, 0..1
  CountsRef counts = nullptr;                             // the record's
  double decided = 0;  // share of parameters with a non-zero decision
};

}  // namespace psephos::coordinator
