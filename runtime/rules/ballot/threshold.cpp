// threshold:T: abstain where abs(v) <= T * mean(abs(v)), the mean in double over the whole vector.

#include <algorithm>
#include <limits>

#include "runtime/rules/ballot/ballot_rule.h"

namespace psephos {
namespace {

class Threshold : public BallotRule {
 public:
  explicit Threshold(float threshold) : threshold_(threshold) {}

  PackedSigns ballot(std::span<const float> v, const BallotContext&) override {
    const kernels::Kernels& table = kernels::kernels();
    const double mean = table.sum_abs(v.data(), v.size()) / static_cast<double>(v.size());
    // No finite float lies above the largest one: neither does what is voted on.
    const double limit = std::min(static_cast<double>(threshold_) * mean,
                                  static_cast<double>(std::numeric_limits<float>::max()));
    PackedSigns ballot;
    ballot.parameters = v.size();
    ballot.signs.resize(word_count(v.size()));
    ballot.voted.resize(ballot.signs.size());
    table.pack_threshold(v.data(), v.size(), static_cast<float>(limit), ballot.signs.data(),
                         ballot.voted.data());
    make_canonical(ballot);
    return ballot;
  }

 private:
  float threshold_;
};

constexpr RuleParameter kParameters[] = {{.name = "T",
                                          .meaning = "times the mean magnitude",
                                          .least = 0,
                                          .most = std::numeric_limits<float>::infinity(),
                                          .above = true,
                                          .usual_least = 0.1,
                                          .usual_most = 2}};

}  // namespace

extern const BallotRuleInfo kThreshold;
const BallotRuleInfo kThreshold = {
    .head = {.word = "threshold",
             .help = "abstain where the value is at most T times the mean magnitude",
             .example = "threshold:0.5",
             .parameters = kParameters},
    .needs = {.abstains = true},
    .make = [](std::span<const double> values) -> std::unique_ptr<BallotRule> {
      return std::make_unique<Threshold>(static_cast<float>(values[0]));
    }};

}  // namespace psephos
