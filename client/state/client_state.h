#pragma once
// What a client must not lose: the key of its batches and coins, and where it stands in a run. As a
// plain value, and as bytes that survive it (WIRE.md, "A client's state"); state_file.h keeps the
// bytes on disk, a simulation wherever it likes.
//
// A state is consistent: x_k with what the rules remember either before ballot k, and then without
// that ballot, or after it, and then with it. From either the next ballot comes out as it would
// have without an interruption, because batches and coins are addressed by round.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/philox.h"
#include "runtime/base/result.h"
#include "runtime/replica/round_terms.h"
#include "runtime/replica/tensor_table.h"
#include "runtime/rules/rule_state.h"
#include "runtime/signs/ballot_codec.h"
#include "runtime/signs/packed_signs.h"

namespace psephos::client {

// A ballot as computed once and kept until its round's decision is held. It is re-sent as it is and
// never recomputed: momentum, batch and coins have moved on.
struct BallotContent {
  EncodedSigns votes;
  std::vector<float> scales;  // rms per tensor where the ballot rule asks for them
  float loss = 0;
  std::uint32_t samples = 0;
  double gradient_s = 0;  // not part of a state's bytes
};

// Where a client stands in a run, as its session knows it.
struct Standing {
  std::uint64_t run = 0;
  std::uint32_t epoch = 0;
  std::uint32_t round = 0;                      // x_round is held, and was confirmed in `epoch`
  std::shared_ptr<const BallotContent> ballot;  // of `round`; null: not computed yet
};

// A standing, and what the client computes from.
struct RunState {
  Standing standing;
  std::uint64_t tensors = 0;        // tensors_hash() of the model
  std::uint64_t fingerprint = 0;    // of x
  AlignedVector<float> x;           // d > 0 parameters
  std::optional<PackedSigns> last;  // the decision that led to x; none at round 0
  RuleState rules;                  // what the worker rule and the ballot rule remember
  RoundTerms terms;                 // of the round
};

struct ClientState {
  PhiloxKey key;
  std::optional<RunState> run;  // nothing: has not stood anywhere yet
};

inline constexpr std::uint32_t kStateVersion = 2;  // of the format that is written

// No state of at most so many parameters has more bytes.
std::size_t max_state_bytes(std::size_t parameters);

Bytes encode_state(const ClientState& state);

// Reads the format that is written and the one before (state_format_1.h). Refuses what is cut
// short, damaged in any bit, of another version or made up: sizes are compared with those of
// `bytes` before anything is allocated, then a checksum over all of it, then every value. The
// sentence begins with what "it" is: "it is cut short ...". Thread-safe.
Result<ClientState> decode_state(std::span<const std::uint8_t> bytes);

}  // namespace psephos::client
