#include "runtime/rules/words.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "runtime/replica/schedule.h"
#include "runtime/rules/ballot/ballot_rule.h"
#include "runtime/rules/decision/decision_rule.h"
#include "runtime/rules/worker/worker_rule.h"

namespace psephos {
namespace {

// What all families of rules share, whoever is in their tables.
struct AnyFamily {
  std::string name;
  std::vector<const RuleHead*> heads;
  std::function<Result<std::string>(std::string_view)> reprint;  // parsed, and printed again
};

template <class Info>
AnyFamily any(std::string name, const Family<Info>& family) {
  AnyFamily any{std::move(name), {}, [&family](std::string_view text) -> Result<std::string> {
                  auto rule = family.parse(text);
                  if (!rule) return rule.error();
                  return to_string(*rule);
                }};
  for (const Info* info : family.rules()) any.heads.push_back(&info->head);
  return any;
}

std::vector<AnyFamily> families() {
  return {any("worker", worker_rules()), any("ballot", ballot_rules()),
          any("decision", decision_rules()), any("schedule", schedules())};
}

TEST(Rules, HaveWordsOfTheirOwnAHelpAndAnExampleThatIsRead) {
  for (const AnyFamily& family : families()) {
    std::set<std::string_view> words;
    for (const RuleHead* head : family.heads) {
      EXPECT_TRUE(words.insert(head->word).second) << family.name << " has two " << head->word;
      EXPECT_FALSE(head->help.empty()) << head->word;
      const auto again = family.reprint(head->example);
      ASSERT_TRUE(again.ok()) << again.error().text;
      EXPECT_EQ(*family.reprint(*again), *again) << "what is printed is read as the same";
      EXPECT_LE(again->size(), kMaxRuleText);
    }
  }
}

TEST(Rules, HaveUsualNumbersWithinTheirRange) {
  for (const AnyFamily& family : families()) {
    for (const RuleHead* head : family.heads) {
      std::vector<double> least;
      std::vector<double> most;
      for (const RuleParameter& parameter : head->parameters) {
        EXPECT_FALSE(parameter.meaning.empty()) << head->word << ' ' << parameter.name;
        const auto as_read = [&](double value) {
          return parameter.kind == RuleParameter::Kind::kFloat
                     ? static_cast<double>(static_cast<float>(value))
                     : value;
        };
        least.push_back(as_read(parameter.usual_least));
        most.push_back(as_read(parameter.usual_most));
      }
      const bool above = !head->parameters.empty() && head->parameters[0].above;
      EXPECT_TRUE(above || check_rule(*head, least).ok()) << head->word;
      EXPECT_TRUE(check_rule(*head, most).ok()) << head->word;
    }
  }
}

TEST(Rules, AreNotReadFromWhatIsNearlyOne) {
  for (const AnyFamily& family : families()) {
    for (const RuleHead* head : family.heads) {
      const std::string word(head->word);
      for (const std::string& text :
           {word + " ", " " + word, word + ":", word + ":x", word + ":1x", word + ":nan",
            word + ":inf", word + ":-1", word + ":0x1p3", word + ":,", word + ":0.5,,0.5",
            word + ":1,2,3,4,", "x" + word}) {
        const auto read = family.reprint(text);
        ASSERT_FALSE(read.ok()) << family.name << " '" << text << "' as " << *read;
        EXPECT_NE(read.error().text.find("'" + text + "'"), std::string::npos) << read.error().text;
      }
    }
    EXPECT_FALSE(family.reprint("").ok());
  }
}

TEST(Rules, ErrorsNameTheNearestWordAndTheRange) {
  EXPECT_EQ(parse_ballot_rule("treshold:0.5").error().text,
            "unknown ballot rule 'treshold:0.5': known are sign, threshold:T and "
            "stochastic-ternary:C; did you mean threshold?");
  EXPECT_EQ(
      parse_ballot_rule("threshold:0").error().text,
      "'threshold:0' is no ballot rule: write threshold:T with T above 0, e.g. threshold:0.5");
  EXPECT_EQ(parse_ballot_rule("sign:1").error().text,
            "'sign:1' is no ballot rule: sign takes no numbers");
  EXPECT_EQ(parse_decision_rule("quorum:2").error().text,
            "'quorum:2' is no decision rule: write quorum:THETA with THETA above 0 and at most 1 "
            "(up to six decimals), e.g. quorum:0.1");
  EXPECT_EQ(parse_decision_rule("momentum:1").error().text,
            "'momentum:1' is no decision rule: write momentum:BETA[,DEADBAND] with BETA at least 0 "
            "and below 1, DEADBAND at least 0 and below 1, e.g. momentum:0.95");
  EXPECT_EQ(parse_schedule("step:2,1").error().text,
            "'step:2,1' is no schedule: write step:R1,R2,... with R1,R2,... 1 to 64 ascending "
            "whole numbers, e.g. step:300,450");
}

TEST(Rules, NumbersThatAreLeftOutAreWrittenOut) {
  EXPECT_EQ(to_string(*parse_worker_rule("signum")), "signum:0.9");
  EXPECT_EQ(to_string(*parse_decision_rule("momentum:0.95")), "momentum:0.95,0");
  EXPECT_EQ(*parse_decision_rule("momentum:0.95"), *parse_decision_rule("momentum:0.95,0"));
}

TEST(Rules, EveryFloatComesBackAsItWas) {
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 2000; ++trial) {
    const float value = std::abs(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
    if (!std::isfinite(value) || value == 0) continue;
    BallotChoice rule = *parse_ballot_rule("threshold:1");
    rule.values = {static_cast<double>(value)};
    ASSERT_EQ(*parse_ballot_rule(to_string(rule)), rule) << to_string(rule);
  }
}

TEST(Rules, NumbersFromElsewhereAreChecked) {
  const RuleHead& quorum = parse_decision_rule("quorum:0.5")->rule->head;
  const auto fits = [&](std::vector<double> values) { return check_rule(quorum, values).ok(); };
  EXPECT_TRUE(fits({1}));
  EXPECT_TRUE(fits({1'000'000}));
  EXPECT_FALSE(fits({0}));
  EXPECT_FALSE(fits({1'000'001}));
  EXPECT_FALSE(fits({1.5}));
  EXPECT_FALSE(fits({}));
  EXPECT_FALSE(fits({1, 1}));
  EXPECT_FALSE(fits({std::numeric_limits<double>::quiet_NaN()}));
}

TEST(Rules, HelpNamesEveryRuleInLinesThatFit) {
  const std::string help = ballot_rules().help();
  for (const BallotRuleInfo* info : ballot_rules().rules()) {
    EXPECT_NE(help.find(rule_form(info->head)), std::string::npos) << help;
  }
  for (std::size_t begin = 0; begin < help.size();) {
    const std::size_t end = std::min(help.find('\n', begin), help.size());
    EXPECT_LE(end - begin, 66u) << help.substr(begin, end - begin);
    begin = end + 1;
  }
}

}  // namespace
}  // namespace psephos
