#include "runtime/replica/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "runtime/base/check.h"

namespace psephos {
namespace {

constexpr double kSmallestRate = std::numeric_limits<float>::min();
constexpr double kLargestRate = std::numeric_limits<float>::max();
constexpr double kDecayWorthSending = 0x1p-14;

using Values = std::span<const double>;

constexpr ScheduleInfo kConstant = {
    .head = {.word = "constant", .help = "lr", .example = "constant", .parameters = {}},
    .rate = [](Values, double lr, std::uint32_t, std::uint32_t) { return lr; }};

constexpr ScheduleInfo kSqrt = {
    .head = {.word = "sqrt", .help = "lr/sqrt(k+1)", .example = "sqrt", .parameters = {}},
    .rate = [](Values, double lr, std::uint32_t round, std::uint32_t) {
      return lr / std::sqrt(1.0 + round);
    }};

constexpr ScheduleInfo kCosine = {
    .head = {.word = "cosine", .help = "down to 0", .example = "cosine", .parameters = {}},
    .rate = [](Values, double lr, std::uint32_t round, std::uint32_t rounds) {
      return lr / 2 * (1 + std::cos(std::numbers::pi * round / rounds));
    }};

constexpr RuleParameter kSteps[] = {{.name = "R1,R2,...",
                                     .meaning = "rounds",
                                     .kind = RuleParameter::Kind::kWhole,
                                     .least = 0,
                                     .most = std::numeric_limits<std::uint32_t>::max(),
                                     .usual_least = 1,
                                     .usual_most = 50,
                                     .repeats = kMaxSteps}};

constexpr ScheduleInfo kStep = {
    .head = {.word = "step",
             .help = "a tenth from R1, R2 on",
             .example = "step:300,450",
             .parameters = kSteps},
    .rate = [](Values steps, double lr, std::uint32_t round, std::uint32_t) {
      double power = 1;  // of ten; exact up to 10^22
      for (const double step : steps) {
        if (round >= step) power *= 10;
      }
      return lr / power;
    }};

}  // namespace

const Family<ScheduleInfo>& schedules() {
  static constexpr std::array kRules = {
      &kConstant,
      &kSqrt,
      &kCosine,
      &kStep,
  };
  static const Family<ScheduleInfo> kFamily("schedule", kRules);
  return kFamily;
}

Result<Schedule> parse_schedule(std::string_view text) { return schedules().parse(text); }

float learning_rate(const Schedule& schedule, double lr, std::uint32_t round,
                    std::uint32_t rounds) {
  PSEPHOS_CHECK(lr > 0 && lr <= kLargestRate, "a learning rate that is not finite and positive");
  PSEPHOS_CHECK(rounds > 0 && round <= rounds, "a round past the last one");
  return static_cast<float>(
      std::max(schedule.rule->rate(schedule.values, lr, round, rounds), kSmallestRate));
}

float WeightDecay::keep(float delta) {
  pending_ += double{delta} * lambda_;
  if (pending_ < kDecayWorthSending) return 1;
  const double keep = 1 - pending_;
  PSEPHOS_CHECK(keep > 0, "weight decay that takes all of a parameter in one round");
  pending_ = 0;
  return static_cast<float>(keep);
}

}  // namespace psephos
