#include "runtime/replica/replica.h"

#include <algorithm>
#include <array>
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

using PieceWords = std::array<std::uint32_t, kBlockWords>;

// One block of parameters, as a decision of it says, each range by its own step. `signs`, `voted`:
// the block's words; `voted` null: everything is voted on.
void apply_ranges(std::span<float> x, std::size_t first, const std::uint32_t* signs,
                  const std::uint32_t* voted, std::span<const StepRange> ranges, float keep) {
  const auto& table = kernels::kernels();
  const std::size_t end = first + x.size();
  const auto range =
      std::ranges::upper_bound(ranges, first, {}, &StepRange::end);  // the one of the first
  if (range->end >= end && range->step > 0) {
    table.apply(x.data(), x.size(), signs, voted, range->step, keep);
    return;
  }
  // The product for all, then each range's votes alone: times one changes nothing.
  const std::size_t words = word_count(x.size());
  PieceWords own{};
  if (keep != 1) table.apply(x.data(), x.size(), own.data(), own.data(), 1, keep);
  std::size_t begin = first;
  for (auto one = range; begin < end; ++one) {
    const std::size_t stop = std::min(one->end, end);
    if (one->step > 0) {
      own = {};
      for (std::size_t i = begin; i < stop; ++i) {
        const BitPosition at = bit_position(i - first, x.size());
        own[at.word] |= 1u << at.bit;
      }
      PieceWords minus{};
      for (std::size_t w = 0; w < words; ++w) {
        if (voted != nullptr) own[w] &= voted[w];
        minus[w] = signs[w] & own[w];
      }
      table.apply(x.data(), x.size(), minus.data(), own.data(), one->step, 1);
    }
    begin = stop;
  }
}

}  // namespace

std::vector<StepRange> step_ranges(std::size_t parameters, float delta,
                                   std::span<const float> steps, const TensorTable& tensors) {
  if (steps.empty()) return {{parameters, delta}};
  PSEPHOS_CHECK(steps.size() == tensors.size(), "a step for every tensor");
  std::vector<StepRange> ranges;
  for (std::size_t t = 0; t < steps.size(); ++t) {
    ranges.push_back({std::size_t{tensors[t].offset} + tensors[t].count, steps[t]});
  }
  return ranges;
}

std::uint64_t Replica::apply(const PackedSigns& decision, float delta, float keep,
                             unsigned threads) {
  PSEPHOS_CHECK(std::isfinite(delta) && delta > 0, "a step that is not finite and positive");
  const StepRange all{x_.size(), delta};
  return apply(decision, std::span(&all, 1), keep, threads);
}

std::uint64_t Replica::apply(const PackedSigns& decision, std::span<const StepRange> ranges,
                             float keep, unsigned threads) {
  const std::size_t words = word_count(x_.size());
  PSEPHOS_CHECK(decision.parameters == x_.size() && decision.signs.size() == words,
                "a decision on another number of parameters");
  PSEPHOS_CHECK(decision.all_voted() || decision.voted.size() == words,
                "a decision whose voted plane has another size than its sign plane");
  PSEPHOS_CHECK(!ranges.empty() && ranges.back().end == x_.size(), "a step for every parameter");
  for (const StepRange& range : ranges) {
    PSEPHOS_CHECK(std::isfinite(range.step) && range.step >= 0, "a step that is no length");
  }
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
        apply_ranges(piece, i, decision.signs.data() + word,
                     decision.all_voted() ? nullptr : decision.voted.data() + word, ranges, keep);
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
