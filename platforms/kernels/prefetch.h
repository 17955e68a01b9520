#pragma once
// Asking for memory before it is needed, in kernels that walk through arrays: the hardware follows
// a stream too, but not across a page, and never far enough for loops that do a little work on
// every line. From the last cache, AVX-512 packs 0.8 of what it can read without this, and all of
// it with it. Private to the kernels.

#include <cstddef>
#include <cstdint>

namespace psephos::kernels {

// Tried from 1 to 8 KiB: at 4 KiB packs with coins and the SIGNUM step are a tenth slower.
inline constexpr std::size_t kAheadBytes = 2048;
// For kernels that go through a block of 1024 floats backwards: the same place in the next one.
inline constexpr std::size_t kBlockAheadBytes = 4096;

// The line that lies `bytes` behind `at`; it need not be anybody's memory.
template <std::size_t bytes = kAheadBytes>
[[gnu::always_inline]] inline void prefetch_ahead(const void* at) {
  const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(at) + bytes;
  __builtin_prefetch(reinterpret_cast<const void*>(address));
}

}  // namespace psephos::kernels
