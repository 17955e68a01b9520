#pragma once
// How the carry-save trees of all x86 registers go through memory. Private to the kernels.

#include <cstddef>

namespace psephos::kernels {

// Words of the counter that are worked on while all ballots go by: its planes stay in the
// second-level cache, and every ballot is read eight pages at a time, which is what a pure read of
// memory does nearly everywhere. Tried from 4 to 64 KiB.
inline constexpr std::size_t kX86Chunk = 8192;

}  // namespace psephos::kernels
