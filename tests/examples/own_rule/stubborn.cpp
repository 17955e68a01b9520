// A decision rule of one's own: one file, and one line in
// runtime/rules/decision/decision_rules.cpp.
//
// stubborn[:SHARE] decides by majority; where votes are equal it stays with what it decided last. A
// tensor's step is delta where more than SHARE of its parameters are decided, else half of that.

#include <array>

#include "runtime/rules/decision/decision_rule.h"

namespace psephos {
namespace {

// What was decided last, as counters.
constexpr std::uint32_t kNothing = 0;
constexpr std::uint32_t kPlus = 1;
constexpr std::uint32_t kMinus = 2;

class Stubborn : public DecisionRule {
 public:
  explicit Stubborn(double share) : share_(share) {}

  Decided decide(const VoteCounts& counts, const DecisionContext& context) override {
    const std::size_t d = counts.parameters();
    last_.resize(d);
    AlignedVector<std::int32_t> net(d);
    counts.net(0, net);
    Decided decided;
    decided.signs.parameters = d;
    decided.signs.signs.resize(word_count(d));
    decided.signs.voted.resize(word_count(d));
    for (std::size_t i = 0; i < d; ++i) {
      if (net[i] != 0) last_[i] = net[i] > 0 ? kPlus : kMinus;
      const BitPosition at = bit_position(i, d);
      if (last_[i] != kNothing) decided.signs.voted[at.word] |= 1u << at.bit;
      if (last_[i] == kMinus) decided.signs.signs[at.word] |= 1u << at.bit;
    }
    make_canonical(decided.signs);
    for (const TensorEntry& tensor : *context.tensors) {
      std::size_t known = 0;
      for (std::size_t i = 0; i < tensor.count; ++i) known += last_[tensor.offset + i] != kNothing;
      const bool most = static_cast<double>(known) > share_ * tensor.count;
      decided.steps.push_back(most ? context.delta : context.delta / 2);
    }
    return decided;
  }

  RuleSlots slots() override { return {{"last", &last_}}; }

 private:
  double share_;
  AlignedVector<std::uint32_t> last_;
};

constexpr RuleParameter kParameters[] = {{.name = "SHARE",
                                          .meaning = "of a tensor's parameters",
                                          .least = 0,
                                          .most = 1,
                                          .usual_least = 0,
                                          .usual_most = 1,
                                          .otherwise = 0.5}};

}  // namespace

extern const DecisionRuleInfo kStubborn;
const DecisionRuleInfo kStubborn = {
    .head = {.word = "stubborn",
             .help = "by majority, and as before where votes are equal",
             .example = "stubborn:0.5",
             .parameters = kParameters},
    .needs = [](std::span<const double>) { return DecisionNeeds{.zeros = false, .state = true}; },
    .make = [](std::span<const double> values) -> std::unique_ptr<DecisionRule> {
      return std::make_unique<Stubborn>(values[0]);
    }};

}  // namespace psephos
