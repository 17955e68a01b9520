#pragma once
// What memory allows: the plainest loops over the same bytes that a kernel touches. A kernel's
// speed is told as a share of these (docs/performance.md), measured in the same process on the same
// buffers, so a limit must itself be as fast as the processor can: each comes in one version per
// instruction set, and the fastest of them that runs here counts.
//
// Used by psephos-bench alone. Thread-safe; buffers need no alignment.

#include <cstddef>
#include <cstdint>
#include <span>

namespace psephos::limits {

struct Limits {
  const char* name;

  // A pure read: the xor of all words, in eight accumulators of the widest register, so that no
  // addition waits for another. Whole words only.
  std::uint32_t (*read)(const std::uint32_t* words, std::size_t count);

  // x <- x * factor, in place.
  void (*scale)(float* x, std::size_t count, float factor);

  // x <- x + y: reads two arrays and writes one of them.
  void (*update)(float* x, const float* y, std::size_t count);
};

// Every version that this processor can run, the compiler's baseline first.
std::span<const Limits* const> runnable_limits();

}  // namespace psephos::limits
