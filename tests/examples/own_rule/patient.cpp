// A ballot rule of one's own: one file, and one line in runtime/rules/ballot/ballot_rules.cpp.
//
// patient:T keeps what it could not say. With w = v + e it votes sign(w) where abs(w) > T *
// mean(abs(w)); once the decision that counted the ballot is held, e is 0 where it voted and w
// elsewhere; if the ballot was not counted, e is w.

#include <algorithm>
#include <cmath>

#include "runtime/rules/ballot/ballot_rule.h"

namespace psephos {
namespace {

// What is never said must stay finite.
constexpr float kMost = 1e30F;

class Patient : public BallotRule {
 public:
  explicit Patient(float threshold) : threshold_(threshold) {}

  PackedSigns ballot(std::span<const float> v, const BallotContext&) override {
    residual_.resize(v.size());
    for (std::size_t i = 0; i < v.size(); ++i) {
      residual_[i] = std::clamp(residual_[i] + v[i], -kMost, kMost);
    }
    PackedSigns ballot;
    ballot.parameters = v.size();
    ballot.signs.resize(word_count(v.size()));
    ballot.voted.resize(ballot.signs.size());
    kernels::kernels().pack_threshold(residual_.data(), residual_.size(), limit(),
                                      ballot.signs.data(), ballot.voted.data());
    make_canonical(ballot);
    return ballot;
  }

  void settle(bool counted) override {
    if (!counted) return;
    const float said = limit();
    for (float& w : residual_) {
      if (std::fabs(w) > said) w = 0;
    }
  }

  RuleSlots slots() override { return {{"residual", &residual_}}; }

 private:
  // Follows from w alone, so that it is known again when the ballot's fate is.
  float limit() const {
    const double sum = kernels::kernels().sum_abs(residual_.data(), residual_.size());
    return static_cast<float>(
        std::min(static_cast<double>(threshold_) * sum / static_cast<double>(residual_.size()),
                 static_cast<double>(kMost)));
  }

  float threshold_;
  AlignedVector<float> residual_;  // e; w from a ballot on until it is settled
};

constexpr RuleParameter kParameters[] = {{.name = "T",
                                          .meaning = "times the mean magnitude",
                                          .least = 0.01,
                                          .most = 100,
                                          .usual_least = 0.5,
                                          .usual_most = 2}};

}  // namespace

extern const BallotRuleInfo kPatient;
const BallotRuleInfo kPatient = {
    .head = {.word = "patient",
             .help = "vote where what was not said yet is over T times its mean magnitude",
             .example = "patient:1",
             .parameters = kParameters},
    .needs = {.abstains = true, .settles = true},
    .make = [](std::span<const double> values) -> std::unique_ptr<BallotRule> {
      return std::make_unique<Patient>(static_cast<float>(values[0]));
    }};

}  // namespace psephos
