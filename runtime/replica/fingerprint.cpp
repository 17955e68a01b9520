#include "runtime/replica/fingerprint.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>

namespace psephos {

static_assert(std::endian::native == std::endian::little,
              "floats and block hashes are hashed as they lie in memory");

std::vector<std::uint64_t> block_hashes(std::span<const float> x) {
  std::vector<std::uint64_t> hashes;
  hashes.reserve((x.size() + kFingerprintBlock - 1) / kFingerprintBlock);
  while (!x.empty()) {
    const std::span<const float> block = x.first(std::min(kFingerprintBlock, x.size()));
    hashes.push_back(XXH3_64bits(block.data(), block.size_bytes()));
    x = x.subspan(block.size());
  }
  return hashes;
}

std::uint64_t fingerprint(std::span<const float> x) {
  const std::vector<std::uint64_t> hashes = block_hashes(x);
  return XXH3_64bits(hashes.data(), hashes.size() * sizeof(std::uint64_t));
}

}  // namespace psephos
