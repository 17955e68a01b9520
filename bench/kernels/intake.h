#pragma once
// What a ballot costs a coordinator on its way in, beside what libzmq alone takes for it: peers in
// processes of their own send ballots over loopback TCP as fast as they can, first to a bare ROUTER
// that drops what it receives, then to the coordinator's path: the net room's copy, verification,
// decode_held, and a CountingRoom that counts and decides. The CPU time of this whole process is
// taken, so libzmq's thread is in it, and the senders are not.

#include <cstddef>
#include <cstdint>

#include "runtime/base/result.h"

namespace psephos::bench {

struct IntakeOptions {
  std::size_t parameters = std::size_t{1} << 20;
  std::uint32_t peers = 16;  // each sends a ballot per round
  std::uint32_t rounds = 0;  // measured; how many bytes that is follows
  int repeats = 3;           // interleaved; the median of each counts
  bool curve = false;
};

struct IntakeFigures {
  double router_s_per_gb = 0;
  double coordinator_s_per_gb = 0;
};

// Forks, so the caller must have one thread only. An error when a peer does not come through.
Result<IntakeFigures> measure_intake(const IntakeOptions& options);

}  // namespace psephos::bench
