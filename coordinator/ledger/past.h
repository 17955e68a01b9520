#pragma once
// What a client that asks to catch up is sent: the decisions it missed, or a chunk of a checkpoint,
// whichever brings it to the open round with fewer bytes. A pure function of ledger and request: no
// transfer has a state.

#include "coordinator/ledger/ledger.h"
#include "runtime/wire/message.h"

namespace psephos::coordinator {

// One frame of at most wire::kCatchUpFrameBytes (unless a single decision is larger). Null when the
// client is not behind.
Frame answer_catch_up(const Ledger& ledger, const wire::CatchUp& request, std::uint64_t session,
                      std::uint64_t run);

}  // namespace psephos::coordinator
