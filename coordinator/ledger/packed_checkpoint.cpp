#include "coordinator/ledger/packed_checkpoint.h"

#include <zstd.h>

#include "runtime/base/check.h"

namespace psephos::coordinator {
namespace {

// Parameters are noise to a compressor: more effort gains a few parts in a hundred.
constexpr int kLevel = 1;

}  // namespace

Bytes pack(std::span<const std::uint8_t> checkpoint) {
  Bytes packed(ZSTD_compressBound(checkpoint.size()));
  const std::size_t size =
      ZSTD_compress(packed.data(), packed.size(), checkpoint.data(), checkpoint.size(), kLevel);
  PSEPHOS_CHECK(!ZSTD_isError(size), "zstd compresses whatever fits its own bound");
  packed.resize(size);
  return packed;
}

Result<Bytes> unpack(std::span<const std::uint8_t> packed, std::size_t size) {
  const unsigned long long stated = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (stated != size) return Error{"a compressed checkpoint states another size"};
  Bytes checkpoint(size);
  const std::size_t got =
      ZSTD_decompress(checkpoint.data(), checkpoint.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) || got != size) return Error{"a compressed checkpoint is damaged"};
  return checkpoint;
}

}  // namespace psephos::coordinator
