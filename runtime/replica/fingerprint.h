#pragma once
// The fingerprint of a replica: XXH3-64 of the little-endian list of XXH3-64 of each block of
// 65,536 parameters (the last one short). Two replicas with one fingerprint are the same model.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace psephos {

inline constexpr std::size_t kFingerprintBlock = 65'536;  // parameters

std::uint64_t fingerprint(std::span<const float> x);

// Its parts: the hash of one block, of all blocks, and the fingerprint that these make.
std::uint64_t block_hash(std::span<const float> block);
std::vector<std::uint64_t> block_hashes(std::span<const float> x);
std::uint64_t fingerprint_of(std::span<const std::uint64_t> block_hashes);

}  // namespace psephos
