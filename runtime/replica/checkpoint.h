#pragma once
// A checkpoint: the parameters at a round, the last decision's planes and the round's terms, as the
// byte string that is cut into chunks on the wire (WIRE.md, "Checkpoints").

#include <cstdint>
#include <optional>
#include <span>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/replica/round_terms.h"
#include "runtime/signs/ballot_codec.h"

namespace psephos {

inline constexpr std::size_t kCheckpointHeader = 44;  // bytes

struct CheckpointHeader {
  std::uint32_t round = 0;
  std::uint32_t parameters = 0;
  Encoding encoding = Encoding::kNone;  // of the last decision; kNone at round 0
  std::uint32_t planes_bytes = 0;
  std::uint64_t fingerprint = 0;  // of the parameters
  float local_lr = 0;
  std::uint32_t batch = 0;
  std::uint32_t scales = 0;  // how many

  std::size_t total_bytes() const {
    return kCheckpointHeader + std::size_t{4} * parameters + planes_bytes + std::size_t{4} * scales;
  }
};

// `last`: the decision that led to `x`, binary or ternary (a change would need the one before), or
// null at round 0. `terms`: those of `round`.
Bytes encode_checkpoint(std::uint32_t round, std::span<const float> x, std::uint64_t fingerprint,
                        const EncodedSigns* last, const RoundTerms& terms);

// The header of a checkpoint's first bytes; refuses another format, version or d, and terms out of
// their range.
Result<CheckpointHeader> read_checkpoint_header(std::span<const std::uint8_t> bytes,
                                                std::size_t parameters);

// A replica being overwritten chunk by chunk. Between begin and complete it has no round.
class CheckpointLoader {
 public:
  // Chunks must come in order, from 0. Every chunk but the last is `chunk_bytes` long. Returns true
  // when this was the last one. An error means: begin again with chunk 0.
  Result<bool> load(std::span<const std::uint8_t> bytes, std::uint32_t chunk, std::uint32_t chunks,
                    std::size_t chunk_bytes, std::span<float> x);

  const CheckpointHeader& header() const { return header_; }

  // Once complete: the decision that led to the parameters, if there was one.
  const std::optional<PackedSigns>& last_decision() const { return last_decision_; }

  // Once complete: the terms of the checkpoint's round.
  const RoundTerms& terms() const { return terms_; }

 private:
  Result<bool> complete(std::size_t parameters);

  CheckpointHeader header_;
  std::uint32_t next_chunk_ = 0;
  std::size_t received_ = 0;
  Bytes planes_;
  std::optional<PackedSigns> last_decision_;
  RoundTerms terms_;
};

}  // namespace psephos
