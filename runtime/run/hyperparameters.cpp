#include "runtime/run/hyperparameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace psephos {
namespace {

constexpr std::string_view kThreshold = "threshold:";

// The whole of `text` as a number, or nothing.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<float> parse_finite(std::string_view text) {
  const std::optional<float> value = parse_number<float>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

bool positive(float value) { return std::isfinite(value) && value > 0; }

bool valid_model_text(const std::string& text) {
  return !text.empty() && text.size() <= kMaxModelText &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// The words of the rules: only a peer can send a number that no word stands for.
Status check_rules(const Hyperparameters& hyper) {
  if (hyper.algorithm != Algorithm::kSignsgd && hyper.algorithm != Algorithm::kSignum) {
    return Error{"an algorithm this release does not know: known are signsgd and signum"};
  }
  if (hyper.ballot.kind != BallotRule::Kind::kSign &&
      hyper.ballot.kind != BallotRule::Kind::kThreshold) {
    return Error{"a ballot rule this release does not know: known are sign and threshold:T"};
  }
  if (hyper.ballot.kind == BallotRule::Kind::kThreshold && !positive(hyper.ballot.threshold)) {
    return Error{fmt::format("--ballot threshold:{}: the threshold must be a finite number above 0",
                             hyper.ballot.threshold)};
  }
  if (hyper.audience != Audience::kAll && hyper.audience != Audience::kDrawn) {
    return Error{"an audience this release does not know: known are all and drawn"};
  }
  return Ok{};
}

Status check_numbers(const Hyperparameters& hyper) {
  if (hyper.rounds < 1 || hyper.rounds > kMaxRounds) {
    return Error{fmt::format("--rounds {}: must be 1 to {}", hyper.rounds, kMaxRounds)};
  }
  if (!(hyper.beta >= 0 && hyper.beta < 1)) {
    return Error{fmt::format("--beta {}: must be at least 0 and below 1", hyper.beta)};
  }
  if (hyper.batch < 1 || hyper.batch > kMaxBatch) {
    return Error{fmt::format("--batch {}: must be 1 to {} samples", hyper.batch, kMaxBatch)};
  }
  if (hyper.local_steps > kMaxLocalSteps) {
    return Error{
        fmt::format("--local-steps {}: must be at most {}", hyper.local_steps, kMaxLocalSteps)};
  }
  if (!positive(hyper.local_lr)) {
    return Error{fmt::format("--local-lr {}: must be a finite number above 0", hyper.local_lr)};
  }
  if (hyper.staleness > kMaxStaleness) {
    return Error{
        fmt::format("--staleness {}: must be at most {} rounds", hyper.staleness, kMaxStaleness)};
  }
  if (hyper.heartbeat_ms < kMinHeartbeatMs || hyper.heartbeat_ms > kMaxHeartbeatMs) {
    return Error{fmt::format("--heartbeat-ms {}: must be {} to {}", hyper.heartbeat_ms,
                             kMinHeartbeatMs, kMaxHeartbeatMs)};
  }
  const Normalisation& n = hyper.normalisation;
  if (!std::isfinite(n.scale) || n.scale == 0 || !std::isfinite(n.offset)) {
    return Error{fmt::format(
        "--normalisation {}: the scale must be finite and not 0, the offset finite", to_string(n))};
  }
  return Ok{};
}

}  // namespace

Result<Algorithm> parse_algorithm(std::string_view text) {
  if (text == "signsgd") return Algorithm::kSignsgd;
  if (text == "signum") return Algorithm::kSignum;
  return Error{fmt::format("unknown algorithm '{}': known are signsgd and signum", text)};
}

Result<BallotRule> parse_ballot_rule(std::string_view text) {
  if (text == "sign") return BallotRule{};
  if (text.starts_with(kThreshold)) {
    const std::optional<float> threshold = parse_finite(text.substr(kThreshold.size()));
    if (threshold && *threshold > 0) {
      return BallotRule{.kind = BallotRule::Kind::kThreshold, .threshold = *threshold};
    }
    return Error{fmt::format(
        "'{}' is no ballot rule: write threshold:T with T > 0, e.g. threshold:0.5", text)};
  }
  return Error{fmt::format(
      "unknown ballot rule '{}': known are sign and threshold:T with T > 0, e.g. threshold:0.5",
      text)};
}

Result<Audience> parse_audience(std::string_view text) {
  if (text == "all") return Audience::kAll;
  if (text == "drawn") return Audience::kDrawn;
  return Error{fmt::format("unknown audience '{}': known are all and drawn", text)};
}

Result<std::uint32_t> parse_local_steps(std::string_view text) {
  if (text == "epoch") return kLocalEpoch;
  const std::optional<std::uint32_t> steps = parse_number<std::uint32_t>(text);
  if (steps && *steps >= 1 && *steps <= kMaxLocalSteps) return *steps;
  return Error{fmt::format("'{}' is no number of local steps: write 1 to {}, or epoch", text,
                           kMaxLocalSteps)};
}

Result<Normalisation> parse_normalisation(std::string_view text) {
  if (text == "unit") return Normalisation{};
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    const std::optional<float> scale = parse_finite(text.substr(0, colon));
    const std::optional<float> offset = parse_finite(text.substr(colon + 1));
    if (scale && *scale != 0 && offset) return Normalisation{.scale = *scale, .offset = *offset};
  }
  return Error{fmt::format(
      "'{}' is no normalisation: write unit, or SCALE:OFFSET with a scale other than 0, "
      "e.g. 0.0078125:-1",
      text)};
}

std::string to_string(Algorithm algorithm) {
  return algorithm == Algorithm::kSignsgd ? "signsgd" : "signum";
}

std::string to_string(const BallotRule& rule) {
  if (rule.kind == BallotRule::Kind::kSign) return "sign";
  return fmt::format("{}{}", kThreshold, rule.threshold);  // {} prints the shortest exact decimal
}

std::string to_string(Audience audience) { return audience == Audience::kAll ? "all" : "drawn"; }

std::string local_steps_to_string(std::uint32_t local_steps) {
  return local_steps == kLocalEpoch ? "epoch" : std::to_string(local_steps);
}

std::string to_string(const Normalisation& normalisation) {
  if (normalisation == Normalisation{}) return "unit";
  return fmt::format("{}:{}", normalisation.scale, normalisation.offset);
}

Status check_hyperparameters(const Hyperparameters& hyper) {
  if (!valid_model_text(hyper.model)) {
    return Error{
        fmt::format("--model must be 1 to {} printable characters, e.g. mlp:128", kMaxModelText)};
  }
  if (Status status = check_rules(hyper); !status) return status;
  return check_numbers(hyper);
}

}  // namespace psephos
