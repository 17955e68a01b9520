// sign: bit = sign bit of v, a coin for exact zeros (ICML 2018, algorithm 1; a constant in place of
// the coin would be a vote).

#include "runtime/rules/ballot/ballot_rule.h"

namespace psephos {
namespace {

PackedSigns blank(std::size_t parameters) {
  PackedSigns ballot;
  ballot.parameters = parameters;
  ballot.signs.resize(word_count(parameters));
  return ballot;
}

class Sign : public BallotRule {
 public:
  PackedSigns ballot(std::span<const float> v, const BallotContext& context) override {
    PackedSigns ballot = blank(v.size());
    kernels::kernels().pack_signs(v.data(), v.size(), context.coins(), ballot.signs.data());
    return ballot;
  }

  std::optional<PackedSigns> ballot_in_one_pass(WorkerRule& worker, std::span<const float> gradient,
                                                const BallotContext& context) override {
    PackedSigns ballot = blank(gradient.size());
    if (!worker.pack_signs(gradient, context.coins(), ballot.signs.data())) return std::nullopt;
    return ballot;
  }
};

}  // namespace

extern const BallotRuleInfo kSign;
const BallotRuleInfo kSign = {.head = {.word = "sign",
                                       .help = "one bit for every parameter",
                                       .example = "sign",
                                       .parameters = {}},
                              .needs = {},
                              .make = [](std::span<const double>) -> std::unique_ptr<BallotRule> {
                                return std::make_unique<Sign>();
                              }};

}  // namespace psephos
