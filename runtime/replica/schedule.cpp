#include "runtime/replica/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <utility>

#include "runtime/base/check.h"

namespace psephos {
namespace {

constexpr std::string_view kStepPrefix = "step:";
constexpr double kSmallestRate = std::numeric_limits<float>::min();
constexpr double kLargestRate = std::numeric_limits<float>::max();
constexpr double kDecayWorthSending = 0x1p-14;

// "300,450": ascending round numbers.
std::optional<std::vector<std::uint32_t>> parse_steps(std::string_view text) {
  std::vector<std::uint32_t> steps;
  while (steps.size() < kMaxSteps) {
    std::uint32_t step = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, step);
    if (error != std::errc{}) return std::nullopt;
    if (!steps.empty() && step <= steps.back()) return std::nullopt;
    steps.push_back(step);
    if (stop == end) return steps;
    if (*stop != ',') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
  }
  return std::nullopt;
}

// lr divided by ten for every step at or before `round`.
double stepped(const std::vector<std::uint32_t>& steps, double lr, std::uint32_t round) {
  double power = 1;  // of ten; exact up to 10^22
  for (const std::uint32_t step : steps) {
    if (round >= step) power *= 10;
  }
  return lr / power;
}

double rate(const Schedule& schedule, double lr, std::uint32_t round, std::uint32_t rounds) {
  switch (schedule.kind) {
    case Schedule::Kind::kConstant:
      return lr;
    case Schedule::Kind::kSqrt:
      return lr / std::sqrt(1.0 + round);
    case Schedule::Kind::kCosine:
      return lr / 2 * (1 + std::cos(std::numbers::pi * round / rounds));
    case Schedule::Kind::kStep:
      return stepped(schedule.steps, lr, round);
  }
  PSEPHOS_CHECK(false, "a schedule of unknown kind");
}

}  // namespace

Result<Schedule> parse_schedule(std::string_view text) {
  if (text == "constant") return Schedule{};
  if (text == "sqrt") return Schedule{.kind = Schedule::Kind::kSqrt, .steps = {}};
  if (text == "cosine") return Schedule{.kind = Schedule::Kind::kCosine, .steps = {}};
  if (text.starts_with(kStepPrefix)) {
    std::optional<std::vector<std::uint32_t>> steps = parse_steps(text.substr(kStepPrefix.size()));
    if (!steps) {
      return Error{fmt::format(
          "'{}' is no step schedule: write step:R1,R2,... with 1 to {} ascending rounds, "
          "e.g. step:300,450",
          text, kMaxSteps)};
    }
    return Schedule{.kind = Schedule::Kind::kStep, .steps = std::move(*steps)};
  }
  return Error{
      fmt::format("unknown schedule '{}': known are constant, sqrt, cosine and step:R1,R2,..., "
                  "e.g. step:300,450",
                  text)};
}

std::string to_string(const Schedule& schedule) {
  switch (schedule.kind) {
    case Schedule::Kind::kConstant:
      return "constant";
    case Schedule::Kind::kSqrt:
      return "sqrt";
    case Schedule::Kind::kCosine:
      return "cosine";
    case Schedule::Kind::kStep:
      break;
  }
  return fmt::format("{}{}", kStepPrefix, fmt::join(schedule.steps, ","));
}

float learning_rate(const Schedule& schedule, double lr, std::uint32_t round,
                    std::uint32_t rounds) {
  PSEPHOS_CHECK(lr > 0 && lr <= kLargestRate, "a learning rate that is not finite and positive");
  PSEPHOS_CHECK(rounds > 0 && round <= rounds, "a round past the last one");
  return static_cast<float>(std::max(rate(schedule, lr, round, rounds), kSmallestRate));
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
