#pragma once
// A round closed by a counter that answers at once.

#include <optional>
#include <variant>

#include "coordinator/counting/counting_room.h"
#include "runtime/base/check.h"

namespace psephos::coordinator::testing {

inline ClosedRound close(CountingRoom& room) {
  room.close();
  std::optional<CountingOutcome> outcome = room.take();
  PSEPHOS_CHECK(outcome && std::holds_alternative<ClosedRound>(*outcome), "it answers at once");
  return std::get<ClosedRound>(*std::move(outcome));
}

}  // namespace psephos::coordinator::testing
