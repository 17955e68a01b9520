#pragma once
// Asking for memory before it is needed, in kernels that walk through arrays. Private to the
// kernels.

#include <cstddef>
#include <cstdint>

namespace psephos::kernels {

// The hardware follows a stream too, but not across a page, and never far enough for loops that do
// a little work on every line: from the last cache, AVX-512 packs 0.8 of what it can read without
// this, and all of it with it. Tried from 512 bytes to 8 KiB.
inline constexpr std::size_t kAheadBytes = 4096;

// The line that lies kAheadBytes behind `at`; it need not be anybody's memory.
[[gnu::always_inline]] inline void prefetch_ahead(const void* at) {
  const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(at) + kAheadBytes;
  __builtin_prefetch(reinterpret_cast<const void*>(address));
}

}  // namespace psephos::kernels
