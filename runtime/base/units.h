#pragma once
// Time as the state machines see it, and the human form of bytes and durations.

#include <chrono>
#include <cstdint>
#include <string>

namespace psephos {

// Microseconds since an origin of the caller's choosing (a process' start, a virtual clock's zero).
// Always passed in: no state machine reads a clock.
using Instant = std::chrono::microseconds;
using Duration = std::chrono::microseconds;

// "12.4 kB", "3.1 MB": decimal units, three significant digits at most.
std::string format_bytes(std::uint64_t bytes);

// "850 ms", "12.3 s", "4 min 05 s", "2 h 10 min".
std::string format_duration(double seconds);

// Sixteen hex digits: how fingerprints, run and session numbers are shown everywhere.
std::string format_hex(std::uint64_t value);

}  // namespace psephos
