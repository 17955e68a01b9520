#pragma once
// Rules as words: "majority", "quorum:0.1", "momentum:0.95,0.01". A rule declares its word and the
// numbers behind the colon; everything that speaks of rules (flags, config files, Welcome, the
// ledger, help, errors, the proving ground) walks the table of its family and reads and prints them
// by these declarations.
//
// Pure values and functions, thread-safe.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/result.h"

namespace psephos {

inline constexpr std::size_t kMaxRuleText = 128;  // printable ASCII characters of a whole rule

// One number behind a rule's word.
struct RuleParameter {
  enum class Kind : std::uint8_t {
    kFloat,       // finite
    kDouble,      // finite
    kMillionths,  // a share as a whole number of millionths: no rounding differs between builds
    kWhole,
  };
  std::string_view name;     // as help and errors show it: "THETA"
  std::string_view meaning;  // with its unit: "share of the voters"
  Kind kind = Kind::kFloat;
  double least = 0;      // kMillionths: in millionths, as `most` and the values
  double most = 0;       // infinity: no bound but the kind's
  bool above = false;    // `least` itself is not allowed
  bool below = false;    // nor is `most`
  double usual_least{};  // what people choose lies between these: tests and the proving ground
  double usual_most{};   // draw from it
  std::optional<double> otherwise = std::nullopt;  // where it is left out, with all behind it
  std::size_t repeats = 1;  // the last one, kWhole: an ascending list of up to so many
};

// What every rule says of itself, whatever its family.
struct RuleHead {
  std::string_view word;
  std::string_view help;     // a clause: "abstain where ..."
  std::string_view example;  // the whole rule: "quorum:0.1"
  std::span<const RuleParameter> parameters;
};

// A rule and its numbers. `Info` describes the rules of one family; its first member is `head`.
template <class Info>
struct Chosen {
  // A choice always names a rule: there is no default. REQUIRES: `one` is not null.
  Chosen(const Info* one, std::vector<double> numbers) : rule(one), values(std::move(numbers)) {
    PSEPHOS_CHECK(rule != nullptr, "a choice names a rule");
  }

  const Info* rule;            // never null
  std::vector<double> values;  // one for each parameter; more where the last one repeats

  bool operator==(const Chosen&) const = default;
};

// ---- for families ------------------------------------------------------------------------------

// The rule among `heads` that `text` names, and its numbers. The error names the nearest known
// word, or the number that is wrong. `noun`: "ballot rule".
struct RuleFound {
  std::size_t place = 0;
  std::vector<double> values;
};
Result<RuleFound> read_rule(std::string_view noun, std::span<const RuleHead* const> heads,
                            std::string_view text);

// The whole text, every number written out: what read_rule reads as the same rule.
std::string rule_text(const RuleHead& head, std::span<const double> values);

// Numbers from elsewhere than read_rule: are they what it would have read?
Status check_rule(const RuleHead& head, std::span<const double> values);

// "quorum:THETA", "momentum:BETA[,DEADBAND]".
std::string rule_form(const RuleHead& head);

// "sign (one bit for every parameter), threshold:T (...)", in lines of at most `columns`
// characters.
std::string rules_help(std::span<const RuleHead* const> heads, std::size_t columns = 66);

// The rules of one kind: the only list of them.
template <class Info>
class Family {
 public:
  Family(std::string_view noun, std::span<const Info* const> rules) : noun_(noun), rules_(rules) {
    for (const Info* rule : rules) heads_.push_back(&rule->head);
  }

  std::span<const Info* const> rules() const { return rules_; }

  Result<Chosen<Info>> parse(std::string_view text) const {
    Result<RuleFound> found = read_rule(noun_, heads_, text);
    if (!found) return found.error();
    return Chosen<Info>{rules_[found->place], std::move(found->values)};
  }

  // The first rule, with the numbers it has where none are given: the default of its family.
  Chosen<Info> first() const { return parse(rules_.front()->head.word).value(); }

  std::string help() const { return rules_help(heads_); }

 private:
  std::string_view noun_;
  std::span<const Info* const> rules_;
  std::vector<const RuleHead*> heads_;
};

template <class Info>
std::string to_string(const Chosen<Info>& chosen) {
  return rule_text(chosen.rule->head, chosen.values);
}

}  // namespace psephos
