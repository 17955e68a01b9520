#pragma once
// Every bound of the wire, in one place (WIRE.md, "Limits").

#include <cstddef>
#include <cstdint>

#include "runtime/replica/checkpoint.h"
#include "runtime/run/hyperparameters.h"
#include "runtime/signs/layout.h"

namespace psephos::wire {

inline constexpr std::size_t kMaxNameBytes = 64;
inline constexpr std::size_t kMaxArithmeticBytes = 128;
inline constexpr std::size_t kMaxModelBytes = kMaxModelText;
inline constexpr std::size_t kMaxRefusalText = 512;
inline constexpr std::uint32_t kMaxWaitMs = 3'600'000;  // of a Refusal; more is read as this
inline constexpr std::size_t kMaxWelcomeBytes = 64 * 1024;
// One Past, unless a single decision is larger.
inline constexpr std::size_t kCatchUpFrameBytes = 256 * 1024;
inline constexpr std::size_t kChunkBytes = 240 * 1024;  // of a checkpoint, per Past
inline constexpr std::size_t kMaxPastDecisions = 1024;
inline constexpr std::size_t kFrameSlack = 64 * 1024;  // room for everything but planes

// A frame without its planes (and without scales), whatever d is.
inline constexpr std::size_t kMaxBallotOverhead = 96;
inline constexpr std::size_t kMaxDecisionOverhead = 160;

inline constexpr std::size_t kDefaultMaxParameters = std::size_t{1} << 22;

// No planes of d parameters are larger than raw ternary ones: 4 header bytes, the voted plane and
// one sign bit per vote.
constexpr std::size_t max_planes_bytes(std::size_t parameters) {
  return 4 + 4 * word_count(parameters) + (parameters + 7) / 8;
}

// Largest checkpoint of d parameters: header, x, the last decision's planes.
constexpr std::size_t max_checkpoint_bytes(std::size_t parameters) {
  return kCheckpointHeader + 4 * parameters + max_planes_bytes(parameters);
}

// Chunks that a checkpoint of so many bytes is cut into.
constexpr std::size_t chunk_count(std::size_t checkpoint_bytes) {
  return (checkpoint_bytes + kChunkBytes - 1) / kChunkBytes;
}

// MAXMSGSIZE of a client that accepts up to `max_parameters`.
constexpr std::size_t client_max_frame(std::size_t max_parameters) {
  const std::size_t planes = max_parameters / 4;
  return (planes > kCatchUpFrameBytes ? planes : kCatchUpFrameBytes) + kFrameSlack;
}

// MAXMSGSIZE of a coordinator whose model has d parameters.
constexpr std::size_t coordinator_max_frame(std::size_t parameters) {
  return max_planes_bytes(parameters) + kFrameSlack;
}

}  // namespace psephos::wire
