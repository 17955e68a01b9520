#pragma once
// The one source of randomness that no seed reproduces: run and session numbers, and the secret
// seed of a client.

#include <cstdint>

namespace psephos {

// From the operating system; never 0. Throws std::runtime_error when it has none to give.
std::uint64_t random_identifier();

}  // namespace psephos
