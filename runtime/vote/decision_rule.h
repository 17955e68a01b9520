#pragma once
// From tally to decision: majority vote (ICML 2018, algorithm 3) and quorum ("if quorum is not
// reached the server sends back zero", section 6).

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/philox.h"
#include "runtime/base/result.h"
#include "runtime/signs/packed_signs.h"
#include "runtime/vote/tally.h"

namespace psephos {

struct DecisionRule {
  enum class Kind : std::uint8_t { kMajority, kQuorum };
  Kind kind = Kind::kMajority;
  std::uint32_t quorum_ppm = 0;  // theta in millionths: integers, so that every build agrees on T

  bool operator==(const DecisionRule&) const = default;
};

// "majority" or "quorum:THETA" with 0 < THETA <= 1 (at most six decimals).
Result<DecisionRule> parse_decision_rule(std::string_view text);
std::string to_string(const DecisionRule& rule);

// The margin a decision needs: the smallest n >= 1 with n * 1,000,000 >= quorum_ppm * voters.
std::uint32_t decision_margin(const DecisionRule& rule, std::uint32_t voters);

// What the coordinator sends down. kBinary decides every parameter, ties by the coordinator's coin.
enum class Downlink : std::uint8_t { kTernary, kBinary };

// The decision for a round; `run_key` and `round` address the tie coins (binary downlink only).
PackedSigns decide(const Tally& tally, const DecisionRule& rule, Downlink downlink,
                   PhiloxKey run_key, std::uint32_t round);

}  // namespace psephos
