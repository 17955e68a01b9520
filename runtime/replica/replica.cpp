#include "runtime/replica/replica.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "platforms/kernels/environment.h"
#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"
#include "runtime/base/ranges.h"
#include "runtime/replica/block_hasher.h"
#include "runtime/replica/fingerprint.h"

namespace psephos {
namespace {

// A thread is worth starting for so many fingerprint blocks: a million parameters.
constexpr std::size_t kBlocksOfAThread = 16;
// Parameters that are applied, then hashed while the level-one cache still has them. Tried to
// 65,536: hashing computes, applying moves memory, and in small pieces the two overlap.
constexpr std::size_t kPiece = kBlockParameters;
static_assert(kFingerprintBlock % kPiece == 0);

// Asks for the next piece's memory, to be on its way during the hash, which reads none of it.
void ask_for(const float* next) {
  constexpr std::size_t kFloatsOfALine = 16;
  const auto address = reinterpret_cast<std::uintptr_t>(next);  // may lie past the end
  for (std::size_t i = 0; i < kPiece; i += kFloatsOfALine) {
    __builtin_prefetch(reinterpret_cast<const void*>(address + i * sizeof(float)));
  }
}

}  // namespace

std::uint64_t Replica::apply(const PackedSigns& decision, float delta, float keep,
                             unsigned threads) {
  const std::size_t words = word_count(x_.size());
  PSEPHOS_CHECK(decision.parameters == x_.size() && decision.signs.size() == words,
                "a decision on another number of parameters");
  PSEPHOS_CHECK(decision.all_voted() || decision.voted.size() == words,
                "a decision whose voted plane has another size than its sign plane");
  PSEPHOS_CHECK(std::isfinite(delta) && delta > 0, "a step that is not finite and positive");
  PSEPHOS_CHECK(keep > 0 && keep <= 1, "a keep outside (0, 1]");
  const std::size_t blocks = (x_.size() + kFingerprintBlock - 1) / kFingerprintBlock;
  std::vector<std::uint64_t> hashes(blocks);
  over_ranges(blocks, kBlocksOfAThread, threads, [&](std::size_t begin, std::size_t end) {
    const kernels::FloatEnvironment environment;
    BlockHasher hasher;
    for (std::size_t b = begin; b < end; ++b) {
      const std::size_t first = b * kFingerprintBlock;
      const std::size_t last = std::min(first + kFingerprintBlock, x_.size());
      for (std::size_t i = first; i < last; i += kPiece) {
        const auto piece = std::span(x_).subspan(i, std::min(kPiece, last - i));
        const std::size_t word = word_count(i);
        kernels::kernels().apply(piece.data(), piece.size(), decision.signs.data() + word,
                                 decision.all_voted() ? nullptr : decision.voted.data() + word,
                                 delta, keep);
        ask_for(x_.data() + i + kPiece);
        hasher.add(piece);
      }
      hashes[b] = hasher.finish();
    }
  });
  return fingerprint_of(hashes);
}

std::uint64_t Replica::fingerprint() const { return psephos::fingerprint(x_); }

}  // namespace psephos
