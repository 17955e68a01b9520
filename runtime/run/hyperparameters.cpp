#include "runtime/run/hyperparameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "runtime/base/check.h"

namespace psephos {
namespace {

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

bool valid_model_text(const std::string& text) {
  return !text.empty() && text.size() <= kMaxModelText &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Status check_words(const Hyperparameters& hyper) {
  if (const Status worker = check_rule(hyper.worker.rule->head, hyper.worker.values); !worker) {
    return Error{"--algorithm " + worker.error().text};
  }
  if (const Status ballot = check_rule(hyper.ballot.rule->head, hyper.ballot.values); !ballot) {
    return Error{"--ballot " + ballot.error().text};
  }
  if (hyper.audience != Audience::kAll && hyper.audience != Audience::kDrawn) {
    return Error{"an audience this release does not know: known are all and drawn"};
  }
  if (hyper.ballot.rule->needs.settles && hyper.staleness > 0) {
    return Error{fmt::format(
        "--ballot {} needs --staleness 0: what it remembers depends on whether the ballot of a "
        "round was counted in that round",
        to_string(hyper.ballot))};
  }
  return Ok{};
}

Status check_numbers(const Hyperparameters& hyper) {
  if (hyper.rounds < 1 || hyper.rounds > kMaxRounds) {
    return Error{fmt::format("--rounds {}: must be 1 to {}", hyper.rounds, kMaxRounds)};
  }
  if (hyper.local_steps > kMaxLocalSteps) {
    return Error{
        fmt::format("--local-steps {}: must be at most {}", hyper.local_steps, kMaxLocalSteps)};
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

std::string to_string(Audience audience) {
  switch (audience) {
    case Audience::kAll:
      return "all";
    case Audience::kDrawn:
      return "drawn";
  }
  PSEPHOS_CHECK(false, "an audience of no kind");
}

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
  if (Status status = check_words(hyper); !status) return status;
  return check_numbers(hyper);
}

}  // namespace psephos
