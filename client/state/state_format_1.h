#pragma once
// The first format of a client's state, which releases before 0.3 wrote. It is read and never
// written: a client that is updated keeps its secret seed and its momentum.

#include <cstdint>
#include <span>

#include "client/state/client_state.h"

namespace psephos::client {

// REQUIRES: `bytes` are at least a header and a checksum, and begin like a state of this format. As
// strict as decode_state(), and with its sentences. The momentum becomes the state of the rule that
// kept it, signum; the terms, of which this format knows nothing, are RoundTerms{} without scales.
// Thread-safe.
Result<ClientState> decode_state_format_1(std::span<const std::uint8_t> bytes);

}  // namespace psephos::client
