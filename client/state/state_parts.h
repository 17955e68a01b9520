#pragma once
// What the formats of a client's state have in common: the frame around them and the kept ballot.
//
// Pure functions, thread-safe.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "client/state/client_state.h"

namespace psephos::client {

inline constexpr std::array<std::uint8_t, 8> kStateMagic = {'P', 'S', 'P', 'H', 'S', 'T', 'A', 'T'};
inline constexpr std::size_t kStateHeaderBytes = 80;
inline constexpr std::size_t kStateChecksumBytes = 16;

// The bytes at the end of a state whose other bytes are `content`.
std::array<std::uint8_t, kStateChecksumBytes> state_checksum(std::span<const std::uint8_t> content);

// The error for a state with a right checksum and parts that contradict each other: another program
// wrote it, or this one has a bug.
Error made_up_state();

// REQUIRES: `bytes` hold a header and a checksum. Refuses a state that has not the `total_bytes` of
// its header or whose checksum does not match.
Status check_whole(std::span<const std::uint8_t> bytes, std::uint64_t total_bytes);

// What a header says of the ballot that is kept with a state.
struct KeptBallot {
  std::uint8_t has_ballot = 0;
  std::uint8_t encoding = 0;
  float loss = 0;
  std::uint32_t samples = 0;
};

// Puts the ballot into `state`, or nothing where the header says that there is none. `scales`:
// floats.
Status read_kept_ballot(const KeptBallot& kept, std::size_t parameters,
                        std::span<const std::uint8_t> planes, std::span<const std::uint8_t> scales,
                        RunState& state);

}  // namespace psephos::client
