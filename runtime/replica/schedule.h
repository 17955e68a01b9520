#pragma once
// The learning rate over rounds. Only the coordinator evaluates it: delta travels with every
// decision.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/rules/words.h"

namespace psephos {

inline constexpr std::size_t kMaxSteps = 64;

struct ScheduleInfo {
  RuleHead head;
  // delta_k in double for round k of K. `values`: the numbers behind the word.
  double (*rate)(std::span<const double> values, double lr, std::uint32_t round,
                 std::uint32_t rounds);
};
using Schedule = Chosen<ScheduleInfo>;

// The only list of schedules.
const Family<ScheduleInfo>& schedules();
Result<Schedule> parse_schedule(std::string_view text);  // "cosine", "step:300,450"

// delta_k for round k of K; lr > 0, and at most the greatest float. constant: lr. sqrt: lr /
// sqrt(k+1) (ICML 2018, theorem 3). cosine: lr/2 * (1 + cos(pi k / K)). step: lr / 10^(steps
// passed). Computed in double, rounded once; always finite and positive (a rate below the smallest
// normal float gives that float).
float learning_rate(const Schedule& schedule, double lr, std::uint32_t round, std::uint32_t rounds);

// keep = 1 - delta*lambda as a float, sent with delta. In float 1 - 1e-8 is 1, so products are
// summed in double and sent as float(1 - sum) only when the sum reaches 2^-14; until then keep
// is 1.
class WeightDecay {
 public:
  // `pending`: of the rounds before, where these were held elsewhere.
  explicit WeightDecay(double lambda, double pending = 0) : lambda_(lambda), pending_(pending) {}
  // To be called once per round, in order. delta*lambda must stay below 1 (check_run_config).
  float keep(float delta);
  // What has been summed and not yet been sent.
  double pending() const { return pending_; }

 private:
  double lambda_;
  double pending_;
};

}  // namespace psephos
