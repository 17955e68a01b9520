#include "client/agent/connection_report.h"

#include <gtest/gtest.h>

namespace psephos::client {
namespace {

using net::ConnectionNews;

constexpr const char* kEndpoint = "tcp://192.0.2.7:5580";
constexpr ConnectionNews kCauses[] = {
    ConnectionNews::kNobodyThere, ConnectionNews::kHungUp, ConnectionNews::kUnanswered,
    ConnectionNews::kNotAllowed,  ConnectionNews::kPutOff, ConnectionNews::kOtherMechanism};

net::ClientCurve some_curve() {
  return {*net::make_curve_keys(), net::make_curve_keys()->public_key};
}

TEST(ConnectionReport, HasASentenceOfItsOwnForEveryCauseAndNamesTheEndpoint) {
  for (const std::optional<net::ClientCurve>& curve : {std::optional(some_curve()), {}}) {
    ConnectionReport report(kEndpoint, curve);
    std::set<std::string> sentences;
    for (const ConnectionNews cause : kCauses) {
      const auto sentence = report.sentence(cause);
      ASSERT_TRUE(sentence);
      EXPECT_NE(sentence->find(kEndpoint), std::string::npos) << *sentence;
      sentences.insert(*sentence);
    }
    EXPECT_EQ(sentences.size(), std::size(kCauses));
  }
}

TEST(ConnectionReport, SaysEachOnceHoweverTheyTakeTurnsUntilTheConnectionStandsAgain) {
  ConnectionReport report(kEndpoint, some_curve());
  for (int turn = 0; turn < 3; ++turn) {
    for (const ConnectionNews cause : kCauses) {
      EXPECT_EQ(report.sentence(cause).has_value(), turn == 0);
    }
    EXPECT_EQ(report.failure(Error{"no descriptor"}).has_value(), turn == 0);
  }
  EXPECT_FALSE(report.sentence(ConnectionNews::kReady));
  EXPECT_TRUE(report.sentence(ConnectionNews::kNobodyThere));
  EXPECT_TRUE(report.failure(Error{"no descriptor"}));
}

}  // namespace
}  // namespace psephos::client
