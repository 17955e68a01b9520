#include "runtime/rules/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include "runtime/base/check.h"
#include "runtime/base/nearest_name.h"

namespace psephos {
namespace {

using Kind = RuleParameter::Kind;

constexpr std::uint32_t kMillion = 1'000'000;
constexpr std::size_t kDecimals = 6;

template <class T>
std::optional<double> read_number(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return static_cast<double>(value) + 0.0;  // -0 is 0
}

// "0.1" -> 100000, "1" -> 1000000. Digit by digit: through a float, 0.1 would already be another
// number.
std::optional<double> read_millionths(std::string_view text) {
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

std::optional<double> read_value(Kind kind, std::string_view text) {
  switch (kind) {
    case Kind::kFloat:
      return read_number<float>(text);
    case Kind::kDouble:
      return read_number<double>(text);
    case Kind::kMillionths:
      return read_millionths(text);
    case Kind::kWhole:
      return read_number<std::uint32_t>(text);
  }
  PSEPHOS_CHECK(false, "a parameter of an unknown kind");
}

std::string value_text(Kind kind, double value) {
  switch (kind) {
    case Kind::kFloat:
      return fmt::format("{}", static_cast<float>(value));  // {}: the shortest exact decimal
    case Kind::kDouble:
      return fmt::format("{}", value);
    case Kind::kMillionths: {
      if (value == kMillion) return "1";
      if (value == 0) return "0";
      std::string text = fmt::format("0.{:06}", static_cast<std::uint32_t>(value));
      while (text.back() == '0') text.pop_back();
      return text;
    }
    case Kind::kWhole:
      return fmt::format("{}", static_cast<std::uint32_t>(value));
  }
  PSEPHOS_CHECK(false, "a parameter of an unknown kind");
}

bool in_range(const RuleParameter& parameter, double value) {
  if (!std::isfinite(value)) return false;
  // A bound is what its own decimal would be read as.
  const bool single = parameter.kind == Kind::kFloat;
  const double least = single ? double{static_cast<float>(parameter.least)} : parameter.least;
  const double most = single ? double{static_cast<float>(parameter.most)} : parameter.most;
  const bool low = parameter.above ? value > least : value >= least;
  const bool high = parameter.below ? value < most : value <= most;
  return low && high;
}

// "THETA above 0 and at most 1 (up to six decimals)"
std::string range_text(const RuleParameter& parameter) {
  const auto bound = [&](double value) { return value_text(parameter.kind, value); };
  std::string text(parameter.name);
  if (parameter.repeats > 1) {
    return text + fmt::format(" 1 to {} ascending whole numbers", parameter.repeats);
  }
  if (parameter.kind == Kind::kWhole) {
    return text + fmt::format(" a whole number from {} to {}", bound(parameter.least),
                              bound(parameter.most));
  }
  text += fmt::format(" {} {}", parameter.above ? "above" : "at least", bound(parameter.least));
  if (std::isfinite(parameter.most)) {
    text += fmt::format(" and {} {}", parameter.below ? "below" : "at most", bound(parameter.most));
  }
  if (parameter.kind == Kind::kMillionths) text += " (up to six decimals)";
  return text;
}

Error wrong_numbers(std::string_view noun, const RuleHead& head, std::string_view text) {
  if (head.parameters.empty()) {
    return Error{fmt::format("'{}' is no {}: {} takes no numbers", text, noun, head.word)};
  }
  std::string ranges;
  for (const RuleParameter& parameter : head.parameters) {
    ranges += fmt::format("{}{}", ranges.empty() ? "" : ", ", range_text(parameter));
  }
  return Error{fmt::format("'{}' is no {}: write {} with {}, e.g. {}", text, noun, rule_form(head),
                           ranges, head.example)};
}

// The numbers that `text` lists, or nothing where they are not those of `head`.
std::optional<std::vector<double>> read_values(const RuleHead& head,
                                               std::optional<std::string_view> text) {
  std::vector<double> values;
  while (text) {
    if (head.parameters.empty()) return std::nullopt;
    const std::size_t place = std::min(values.size(), head.parameters.size() - 1);
    const RuleParameter& parameter = head.parameters[place];
    if (values.size() >= place + parameter.repeats) return std::nullopt;
    const std::size_t comma = text->find(',');
    const auto value = read_value(parameter.kind, text->substr(0, comma));
    if (!value) return std::nullopt;
    values.push_back(*value);
    text = comma == std::string_view::npos ? std::nullopt : std::optional(text->substr(comma + 1));
  }
  while (values.size() < head.parameters.size()) {
    const auto& otherwise = head.parameters[values.size()].otherwise;
    if (!otherwise) return std::nullopt;
    values.push_back(*otherwise);
  }
  if (!check_rule(head, values)) return std::nullopt;
  return values;
}

std::string known(std::span<const RuleHead* const> heads) {
  std::string text;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const char* before = i == 0 ? "" : i + 1 == heads.size() ? " and " : ", ";
    text += before + rule_form(*heads[i]);
  }
  return text;
}

}  // namespace

Status check_rule(const RuleHead& head, std::span<const double> values) {
  const std::size_t least = head.parameters.size();
  const std::size_t most = least == 0 ? 0 : least - 1 + head.parameters.back().repeats;
  const auto wrong = [&] {
    return Error{fmt::format(
        "{}: {}", rule_form(head),
        head.parameters.empty() ? "takes no numbers" : range_text(head.parameters.back()))};
  };
  if (values.size() < least || values.size() > most) return wrong();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const RuleParameter& parameter = head.parameters[std::min(i, least - 1)];
    const bool whole = parameter.kind == Kind::kWhole || parameter.kind == Kind::kMillionths;
    const bool ascends = i < least || values[i] > values[i - 1];
    const bool fits = !whole || values[i] == std::floor(values[i]);
    if (!in_range(parameter, values[i]) || !ascends || !fits) {
      return Error{fmt::format("{}: {}", rule_form(head), range_text(parameter))};
    }
  }
  return Ok{};
}

Result<RuleFound> read_rule(std::string_view noun, std::span<const RuleHead* const> heads,
                            std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  const auto numbers =
      colon == std::string_view::npos ? std::nullopt : std::optional(text.substr(colon + 1));
  for (std::size_t i = 0; i < heads.size(); ++i) {
    if (heads[i]->word != word) continue;
    auto values = read_values(*heads[i], numbers);
    if (!values) return wrong_numbers(noun, *heads[i], text);
    return RuleFound{i, *std::move(values)};
  }
  std::vector<std::string> words;
  for (const RuleHead* head : heads) words.emplace_back(head->word);
  const std::string nearest = nearest_name(word, words);
  return Error{fmt::format("unknown {} '{}': known are {}{}", noun, text, known(heads),
                           nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest))};
}

std::string rule_text(const RuleHead& head, std::span<const double> values) {
  std::string text(head.word);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t place = std::min(i, head.parameters.size() - 1);
    text += (i == 0 ? ":" : ",") + value_text(head.parameters[place].kind, values[i]);
  }
  return text;
}

std::string rule_form(const RuleHead& head) {
  std::string text(head.word);
  std::string closing;
  for (std::size_t i = 0; i < head.parameters.size(); ++i) {
    const RuleParameter& parameter = head.parameters[i];
    std::string part = i == 0 ? ":" : ",";
    if (parameter.otherwise) {
      part = "[" + part;
      closing += "]";
    }
    text += part + std::string(parameter.name);
  }
  return text + closing;
}

std::string rules_help(std::span<const RuleHead* const> heads, std::size_t columns) {
  std::string all;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const char* before = i == 0 ? "" : i + 1 == heads.size() ? " or " : ", ";
    all += fmt::format("{}{} ({})", before, rule_form(*heads[i]), heads[i]->help);
  }
  std::string text;
  std::size_t column = 0;
  for (std::string_view rest = all; !rest.empty();) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    if (column > 0 && column + 1 + word.size() > columns) {
      text += '\n';
      column = 0;
    } else if (column > 0) {
      text += ' ';
      ++column;
    }
    text += word;
    column += word.size();
  }
  return text;
}

}  // namespace psephos
