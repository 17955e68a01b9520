#include "runtime/replica/replica.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "platforms/kernels/environment.h"
#include "platforms/kernels/kernels.h"
#include "runtime/base/check.h"
#include "runtime/base/ranges.h"
#include "runtime/replica/fingerprint.h"

namespace psephos {
namespace {

// A thread is worth starting for so many fingerprint blocks: a million parameters.
constexpr std::size_t kBlocksOfAThread = 16;
static_assert(kFingerprintBlock % kBlockParameters == 0);

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
    for (std::size_t b = begin; b < end; ++b) {
      const std::size_t first = b * kFingerprintBlock;
      const auto block =
          std::span(x_).subspan(first, std::min(kFingerprintBlock, x_.size() - first));
      const std::size_t word = word_count(first);
      kernels::kernels().apply(block.data(), block.size(), decision.signs.data() + word,
                               decision.all_voted() ? nullptr : decision.voted.data() + word, delta,
                               keep);
      hashes[b] = block_hash(block);
    }
  });
  return fingerprint_of(hashes);
}

std::uint64_t Replica::fingerprint() const { return psephos::fingerprint(x_); }

}  // namespace psephos
