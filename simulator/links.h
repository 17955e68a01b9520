#pragma once
// How long things take in a memory simulation: a frame's journey and a gradient's computation, both
// log-normal, and the share of clients for whom everything takes longer.

#include <cstdint>
#include <string_view>

#include "runtime/base/philox.h"
#include "runtime/base/result.h"
#include "runtime/base/units.h"

namespace psephos::simulator {

// Durations with this median; two thirds lie between median/spread and median*spread.
struct Delay {
  double median_ms = 0;
  double spread = 1;
};

struct Links {
  Delay latency;           // of one frame, one way
  Delay compute;           // of one ballot
  double slow_share = 0;   // of the clients, the last ones
  double slow_factor = 1;  // multiplies both for them
  double drop = 0;         // probability that a ballot is lost
};

Result<Delay> parse_delay(std::string_view text);  // "MEDIAN_MS" or "MEDIAN_MS:SPREAD"
// "SHARE:FACTOR" into links.
Status parse_slow(std::string_view text, Links& links);

// The `index`-th delay of its kind for the client with this key; an hour at most.
Duration draw_delay(const Delay& delay, double factor, PhiloxKey key, Purpose purpose,
                    std::uint64_t index);

}  // namespace psephos::simulator
