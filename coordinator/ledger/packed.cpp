#include "coordinator/ledger/packed.h"

#include <zstd.h>

#include "runtime/base/check.h"

namespace psephos::coordinator {
namespace {

// Parameters are noise to a compressor, and planes of counts nearly: more effort gains a few parts
// in a hundred.
constexpr int kLevel = 1;

}  // namespace

Bytes pack(std::span<const std::uint8_t> bytes) {
  Bytes packed(ZSTD_compressBound(bytes.size()));
  const std::size_t size =
      ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), kLevel);
  PSEPHOS_CHECK(!ZSTD_isError(size), "zstd compresses whatever fits its own bound");
  packed.resize(size);
  return packed;
}

Result<Bytes> unpack(std::span<const std::uint8_t> packed, std::size_t size) {
  const unsigned long long stated = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (stated != size) return Error{"what is compressed states another size"};
  Bytes bytes(size);
  const std::size_t got = ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) || got != size) return Error{"what is compressed is damaged"};
  return bytes;
}

}  // namespace psephos::coordinator
