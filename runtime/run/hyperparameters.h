#pragma once
// What the coordinator decides and every client obeys: sent once, in Welcome. Rules are words
// (runtime/rules); other words are parsed and printed here, so that flags, files, logs and the wire
// say the same thing.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/rules/ballot/ballot_rule.h"
#include "runtime/rules/worker/worker_rule.h"

namespace psephos {

// Who is sent decisions: every joined client, or only those drawn to vote next.
enum class Audience : std::uint8_t { kAll = 0, kDrawn = 1 };

// Input = value*scale + offset, a property of the run, whether a client keeps its features as bytes
// or as floats. The default, "unit", brings pixels (0..255) to 0..1.
struct Normalisation {
  float scale = 1.0f / 255.0f;
  float offset = 0;
  bool operator==(const Normalisation&) const = default;
};

inline constexpr std::uint32_t kLocalEpoch = 0;  // local_steps: one pass over the client's own data
inline constexpr std::uint32_t kMaxLocalSteps = 1'000'000;
inline constexpr std::uint32_t kMaxRounds = 100'000'000;
inline constexpr std::uint32_t kMaxStaleness = 64;  // rounds
inline constexpr std::uint32_t kMinHeartbeatMs = 50;
inline constexpr std::uint32_t kMaxHeartbeatMs = 600'000;
inline constexpr std::size_t kMaxModelText = 128;  // printable ASCII characters

// The words of a model that only the clients' own programs compute (client/gradient).
inline constexpr std::string_view kExternalModel = "external";

struct Hyperparameters {
  std::string model = "mlp:128";  // words of runtime/models/model.h, or kExternalModel
  std::uint32_t rounds = 600;
  std::uint32_t seed = 1;                        // the run's: x_0, draws, tie coins
  WorkerChoice worker = worker_rules().first();  // what a client votes from
  BallotChoice ballot = ballot_rules().first();  // how that becomes a ballot
  std::uint32_t local_steps = 1;  // kLocalEpoch, or the number of SGD steps behind one ballot
  std::uint32_t staleness = 0;    // oldest ballot that counts, in rounds
  Audience audience = Audience::kAll;
  std::uint32_t heartbeat_ms = 2000;
  Normalisation normalisation;
  bool operator==(const Hyperparameters&) const = default;
};

Result<Audience> parse_audience(std::string_view text);            // "all", "drawn"
Result<std::uint32_t> parse_local_steps(std::string_view text);    // "epoch", "1", "8"
Result<Normalisation> parse_normalisation(std::string_view text);  // "unit", "SCALE:OFFSET"
std::string to_string(Audience audience);
std::string local_steps_to_string(std::uint32_t local_steps);
std::string to_string(const Normalisation& normalisation);

// Every value in its range (a peer may have sent them): finite, positive where it must be, bounded.
Status check_hyperparameters(const Hyperparameters& hyper);

}  // namespace psephos
