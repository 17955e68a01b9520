#include "runtime/vote/decision_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "runtime/base/check.h"

namespace psephos {
namespace {

constexpr std::uint32_t kMillion = 1'000'000;
constexpr std::size_t kDecimals = 6;
constexpr std::string_view kQuorum = "quorum:";

// "0.1" -> 100000, "1" -> 1000000. Read digit by digit: through a float, 0.1 would already be
// another number.
std::optional<std::uint32_t> parse_millionths(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  std::uint32_t value = text[0] == '1' ? kMillion : 0;
  text.remove_prefix(1);
  if (text.empty()) return value;
  if (text[0] != '.' || text.size() < 2 || text.size() > 1 + kDecimals) return std::nullopt;
  text.remove_prefix(1);
  std::uint32_t unit = kMillion;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    unit /= 10;
    value += unit * static_cast<std::uint32_t>(digit - '0');
  }
  return value;
}

std::string millionths_to_string(std::uint32_t value) {
  if (value == kMillion) return "1";
  std::string text = fmt::format("0.{:06}", value);
  while (text.back() == '0') text.pop_back();
  return text;
}

// The coordinator's coin on every parameter that got no decision.
void break_ties(PackedSigns& decision, PhiloxKey run_key, std::uint32_t round) {
  const std::size_t words = decision.voted.size();
  for (std::size_t block = 0; 4 * block < words; ++block) {
    const std::array<std::uint32_t, 4> coins = philox(run_key, round, Purpose::kTieCoin, block);
    for (std::size_t w = 4 * block; w < std::min(4 * block + 4, words); ++w) {
      const std::uint32_t ties = ~decision.voted[w] & valid_bits(w, decision.parameters);
      decision.signs[w] |= coins[w % 4] & ties;
    }
  }
  decision.voted.clear();
}

}  // namespace

Result<DecisionRule> parse_decision_rule(std::string_view text) {
  if (text == "majority") return DecisionRule{};
  if (text.starts_with(kQuorum)) {
    const std::optional<std::uint32_t> theta = parse_millionths(text.substr(kQuorum.size()));
    if (theta && *theta >= 1 && *theta <= kMillion) {
      return DecisionRule{.kind = DecisionRule::Kind::kQuorum, .quorum_ppm = *theta};
    }
    return Error{fmt::format(
        "'{}' is no quorum: write quorum:THETA with 0 < THETA <= 1 and at most six decimals, "
        "e.g. quorum:0.1",
        text)};
  }
  return Error{fmt::format(
      "unknown decision rule '{}': known are majority and quorum:THETA with 0 < THETA <= 1, "
      "e.g. quorum:0.1",
      text)};
}

std::string to_string(const DecisionRule& rule) {
  if (rule.kind == DecisionRule::Kind::kMajority) return "majority";
  return fmt::format("{}{}", kQuorum, millionths_to_string(rule.quorum_ppm));
}

std::uint32_t decision_margin(const DecisionRule& rule, std::uint32_t voters) {
  if (rule.kind == DecisionRule::Kind::kMajority) return 1;
  PSEPHOS_CHECK(rule.quorum_ppm <= kMillion, "a quorum above one");
  const std::uint64_t needed = std::uint64_t{rule.quorum_ppm} * voters;
  const std::uint64_t margin = (needed + kMillion - 1) / kMillion;
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(margin, 1));
}

PackedSigns decide(const Tally& tally, const DecisionRule& rule, Downlink downlink,
                   PhiloxKey run_key, std::uint32_t round) {
  PackedSigns decision = tally.decide(decision_margin(rule, tally.voters()));
  if (downlink == Downlink::kBinary) break_ties(decision, run_key, round);
  return decision;
}

}  // namespace psephos
