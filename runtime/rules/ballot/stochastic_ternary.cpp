// stochastic-ternary:C: sign(v) with probability min(1, abs(v)/B), else abstain. B is common to all
// clients, one for each tensor: C times the median rms of v that voters report. The expected ballot
// is then v/B, clipped: what a quiet client knows adds up over rounds and clients.

#include <algorithm>
#include <array>

#include "runtime/base/check.h"
#include "runtime/rules/ballot/ballot_rule.h"

namespace psephos {
namespace {

class StochasticTernary : public BallotRule {
 public:
  PackedSigns ballot(std::span<const float> v, const BallotContext& context) override {
    PSEPHOS_CHECK(context.scales.size() == context.tensors->size(), "a scale for every tensor");
    PackedSigns ballot;
    ballot.parameters = v.size();
    ballot.signs.resize(word_count(v.size()));
    ballot.voted.resize(ballot.signs.size());
    for (std::size_t t = 0; t < context.tensors->size(); ++t) {
      // Where nothing is known of the size of v, nothing is said.
      if (context.scales[t] > 0)
        vote_in((*context.tensors)[t], v, context.scales[t], context, ballot);
    }
    make_canonical(ballot);
    return ballot;
  }

 private:
  // The votes of one tensor. Blocks that are all its own are packed where they lie; those it shares
  // are packed with zeros in the others' places, on which nobody votes, and added.
  static void vote_in(const TensorEntry& tensor, std::span<const float> v, float bound,
                      const BallotContext& context, PackedSigns& ballot) {
    const std::size_t end = std::size_t{tensor.offset} + tensor.count;
    const std::size_t last_block = v.size() / kBlockParameters * kBlockParameters;
    std::size_t at = tensor.offset / kBlockParameters * kBlockParameters;
    while (at < end) {
      const std::size_t block_end = std::min(at + kBlockParameters, v.size());
      if (at < tensor.offset || block_end > end) {
        vote_in_shared_block(tensor, v, at, block_end, bound, context, ballot);
        at = block_end;
        continue;
      }
      // As many blocks as lie whole in it; the short one at the end of v only with the end.
      std::size_t stop = end / kBlockParameters * kBlockParameters;
      if (end == v.size() && last_block >= at) stop = end;
      kernels::kernels().pack_stochastic_ternary(v.data() + at, at, stop - at, bound,
                                                 context.coins(), ballot.signs.data() + at / 32,
                                                 ballot.voted.data() + at / 32);
      at = stop;
    }
  }

  static void vote_in_shared_block(const TensorEntry& tensor, std::span<const float> v,
                                   std::size_t begin, std::size_t end, float bound,
                                   const BallotContext& context, PackedSigns& ballot) {
    std::array<float, kBlockParameters> own{};
    const std::size_t first = std::max<std::size_t>(begin, tensor.offset);
    const std::size_t last = std::min<std::size_t>(end, std::size_t{tensor.offset} + tensor.count);
    std::copy(v.begin() + static_cast<std::ptrdiff_t>(first),
              v.begin() + static_cast<std::ptrdiff_t>(last), own.begin() + (first - begin));
    std::array<std::uint32_t, kBlockWords> signs{};
    std::array<std::uint32_t, kBlockWords> voted{};
    kernels::kernels().pack_stochastic_ternary(own.data(), begin, end - begin, bound,
                                               context.coins(), signs.data(), voted.data());
    for (std::size_t w = 0; w < word_count(end - begin); ++w) {
      ballot.signs[begin / 32 + w] |= signs[w];
      ballot.voted[begin / 32 + w] |= voted[w];
    }
  }
};

constexpr RuleParameter kParameters[] = {{.name = "C",
                                          .meaning = "B in median rms of v",
                                          .least = 0.01,
                                          .most = 10'000,
                                          .usual_least = 1,
                                          .usual_most = 64}};

}  // namespace

extern const BallotRuleInfo kStochasticTernary;
const BallotRuleInfo kStochasticTernary = {
    .head = {.word = "stochastic-ternary",
             .help = "vote with a probability that is the value's magnitude over C times the "
                     "median rms of its tensor",
             .example = "stochastic-ternary:8",
             .parameters = kParameters},
    .needs = {.abstains = true, .scales = true},
    .make = [](std::span<const double>) -> std::unique_ptr<BallotRule> {
      return std::make_unique<StochasticTernary>();
    },
    .scale_multiple = [](std::span<const double> values) { return values[0]; }};

}  // namespace psephos
