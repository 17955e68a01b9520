#pragma once
// What the ballots of one round are computed with, beside the parameters. Terms follow from the
// round alone, so that a ballot can be computed again: they come with the decision that opens the
// round, with Welcome, and with a checkpoint of the round.

#include <cstdint>
#include <vector>

#include "runtime/base/result.h"

namespace psephos {

inline constexpr std::uint32_t kMaxBatch = 65'536;

struct RoundTerms {
  float local_lr = 0.03f;    // rate of the local steps, where there are several; finite, > 0
  std::uint32_t batch = 32;  // samples per gradient, 1 to kMaxBatch
  std::vector<float> scales =
      {};  // B per tensor, 0: not known yet; empty unless the ballot rule asks
  bool operator==(const RoundTerms&) const = default;
};

// Every value in its range (a peer or a file may have brought them), and at most kMaxTensors
// scales, finite and >= 0. Whether they are as many as the model's tensors is not known here.
Status check_round_terms(const RoundTerms& terms);

}  // namespace psephos
