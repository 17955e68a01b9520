#pragma once
// What is large in a ledger's rows, checkpoints and net counts, as it is stored: compressed by
// zstd. (Never on the wire: a decompressor there would be fed by strangers.)

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace psephos::coordinator {

// One zstd frame that states its content's size.
Bytes pack(std::span<const std::uint8_t> bytes);

// The `size` bytes that `packed` holds. A frame that states another size is refused before anything
// is allocated.
Result<Bytes> unpack(std::span<const std::uint8_t> packed, std::size_t size);

}  // namespace psephos::coordinator
