#pragma once
// Every bound of the wire, in one place (WIRE.md, "Limits").

#include <cstddef>
#include <cstdint>

#include "runtime/replica/checkpoint.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/run/hyperparameters.h"
#include "runtime/signs/layout.h"
#include "runtime/signs/slot_codec.h"

namespace psephos::wire {

inline constexpr std::size_t kMaxNameBytes = 64;
inline constexpr std::size_t kMaxArithmeticBytes = 128;
inline constexpr std::size_t kMaxModelBytes = kMaxModelText;
inline constexpr std::size_t kMaxRuleBytes = 128;    // of a worker's or a ballot's words
inline constexpr std::size_t kMaxVersionBytes = 32;  // of a release's number
inline constexpr std::size_t kEnrolBytes = 32;       // of a public key
inline constexpr std::size_t kMaxRefusalText = 512;
inline constexpr std::uint32_t kMaxWaitMs = 3'600'000;  // of a Refusal; more is read as this

// Of a DataSchema. Names that are more bytes than these together do not travel.
inline constexpr std::size_t kMaxColumns = 4096;
inline constexpr std::size_t kMaxColumnName = 256;
inline constexpr std::size_t kMaxColumnBytes = 32 * 1024;
inline constexpr std::size_t kMaxClasses = 4096;
inline constexpr std::size_t kMaxClassName = 256;
inline constexpr std::size_t kMaxClassBytes = 32 * 1024;
inline constexpr std::size_t kMaxFeatureScales = 4096;
inline constexpr std::uint32_t kMaxImageSide = 65'536;  // rows, columns and channels

inline constexpr std::size_t kMaxDigests = 512;
inline constexpr std::size_t kMaxEarlier = 2048;  // ballots of earlier rounds in a Decision

inline constexpr std::size_t kMaxJoinBytes = 176 * 1024;
inline constexpr std::size_t kMaxWelcomeBytes = 256 * 1024;
// One Past, unless a single decision is larger.
inline constexpr std::size_t kCatchUpFrameBytes = 256 * 1024;
inline constexpr std::size_t kChunkBytes = 240 * 1024;  // of a checkpoint, per Past
inline constexpr std::size_t kMaxPastDecisions = 1024;

// Room for everything but planes: of a client's frames, and of the coordinator's, whose decisions
// list up to kMaxSlots slots.
inline constexpr std::size_t kFrameSlack = 64 * 1024;
inline constexpr std::size_t kDecisionSlack = 192 * 1024;

// A frame without its planes (and without scales, steps and slots), whatever d is.
inline constexpr std::size_t kMaxBallotOverhead = 96;
inline constexpr std::size_t kMaxDecisionOverhead = 176;

inline constexpr std::size_t kDefaultMaxParameters = std::size_t{1} << 22;

// No planes of d parameters are larger than raw ternary ones: 4 header bytes, the voted plane and
// one sign bit per vote.
constexpr std::size_t max_planes_bytes(std::size_t parameters) {
  return 4 + 4 * word_count(parameters) + (parameters + 7) / 8;
}

// Largest checkpoint of d parameters: header, x, the last decision's planes, the terms' scales.
constexpr std::size_t max_checkpoint_bytes(std::size_t parameters) {
  return kCheckpointHeader + 4 * parameters + max_planes_bytes(parameters) + 4 * kMaxTensors;
}

// Chunks that a checkpoint of so many bytes is cut into.
constexpr std::size_t chunk_count(std::size_t checkpoint_bytes) {
  return (checkpoint_bytes + kChunkBytes - 1) / kChunkBytes;
}

// MAXMSGSIZE of a client that accepts up to `max_parameters`.
constexpr std::size_t client_max_frame(std::size_t max_parameters) {
  const std::size_t planes = max_parameters / 4;
  return (planes > kCatchUpFrameBytes ? planes : kCatchUpFrameBytes) + kDecisionSlack;
}
static_assert(kMaxWelcomeBytes <= client_max_frame(0), "every client can be welcomed");

// MAXMSGSIZE of a coordinator whose model has d parameters.
constexpr std::size_t coordinator_max_frame(std::size_t parameters) {
  const std::size_t ballot = max_planes_bytes(parameters) + kFrameSlack;
  return ballot > kMaxJoinBytes ? ballot : kMaxJoinBytes;
}

}  // namespace psephos::wire
