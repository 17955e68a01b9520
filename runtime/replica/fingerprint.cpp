#include "runtime/replica/fingerprint.h"

#include <algorithm>
#include <bit>

#include "platforms/xxh3.h"

namespace psephos {

static_assert(std::endian::native == std::endian::little,
              "floats and block hashes are hashed as they lie in memory");

std::uint64_t block_hash(std::span<const float> block) {
  return XXH3_64bits(block.data(), block.size_bytes());
}

std::vector<std::uint64_t> block_hashes(std::span<const float> x) {
  std::vector<std::uint64_t> hashes;
  hashes.reserve((x.size() + kFingerprintBlock - 1) / kFingerprintBlock);
  while (!x.empty()) {
    const std::span<const float> block = x.first(std::min(kFingerprintBlock, x.size()));
    hashes.push_back(block_hash(block));
    x = x.subspan(block.size());
  }
  return hashes;
}

std::uint64_t fingerprint_of(std::span<const std::uint64_t> block_hashes) {
  return XXH3_64bits(block_hashes.data(), block_hashes.size_bytes());
}

std::uint64_t fingerprint(std::span<const float> x) { return fingerprint_of(block_hashes(x)); }

}  // namespace psephos
