#include "coordinator/session/draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/coordinator/session/machine.h"

namespace psephos::coordinator {
namespace {

using namespace testing;

TEST(Draw, SizeIsTheShareRoundedUpAndNotBelowTheMinimum) {
  EXPECT_EQ(draw_size(0.1, 1, 10), 1u);
  EXPECT_EQ(draw_size(0.1, 1, 11), 2u);
  EXPECT_EQ(draw_size(0.3, 1, 10), 3u);
  EXPECT_EQ(draw_size(0.7, 1, 10), 7u);
  EXPECT_EQ(draw_size(1e-6, 1, 10), 1u);
  EXPECT_EQ(draw_size(0.1, 4, 10), 4u);
  EXPECT_EQ(draw_size(0.1, 4, 3), 3u);
  EXPECT_EQ(draw_size(0.1, 4, 0), 0u);
  for (std::uint32_t percent = 1; percent <= 100; ++percent) {
    for (std::uint32_t live = 1; live <= 300; ++live) {
      const std::uint32_t exact = (percent * live + 99) / 100;
      ASSERT_EQ(draw_size(percent / 100.0, 1, live), exact) << percent << " % of " << live;
    }
  }
}

std::vector<std::string> some_names(std::uint32_t count) {
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < count; ++i) names.push_back("client-" + std::to_string(i));
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> draw_names(const std::vector<std::string>& names, std::uint32_t count,
                                    PhiloxKey key, std::uint32_t round, std::uint32_t attempt) {
  std::vector<std::string> drawn;
  const auto candidates = static_cast<std::uint32_t>(names.size());
  for (const std::uint32_t i : draw(candidates, count, key, round, attempt)) {
    drawn.push_back(names.at(i));
  }
  return drawn;
}

TEST(Draw, IsExactWithoutRepeatsAndTheSameForTheSameAddress) {
  const std::vector<std::string> names = some_names(23);
  const PhiloxKey key{7, kRunStream};
  for (std::uint32_t round = 0; round < 50; ++round) {
    for (std::uint32_t count = 0; count <= 25; ++count) {
      const auto drawn = draw_names(names, count, key, round, 0);
      ASSERT_EQ(drawn.size(), std::min<std::size_t>(count, names.size()));
      ASSERT_EQ(std::set<std::string>(drawn.begin(), drawn.end()).size(), drawn.size());
      for (const std::string& name : drawn) {
        ASSERT_TRUE(std::binary_search(names.begin(), names.end(), name));
      }
      ASSERT_EQ(draw_names(names, count, key, round, 0), drawn);
    }
  }
  EXPECT_NE(draw_names(names, 10, key, 0, 0), draw_names(names, 10, key, 1, 0));
  EXPECT_NE(draw_names(names, 10, key, 0, 0), draw_names(names, 10, key, 0, 1));
  EXPECT_NE(draw_names(names, 10, key, 0, 0), draw_names(names, 10, {8, kRunStream}, 0, 0));
}

TEST(Draw, IsFair) {
  const std::vector<std::string> names = some_names(10);
  std::map<std::string, int> drawn;
  constexpr int kRounds = 10'000;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    for (const std::string& name : draw_names(names, 3, {1, kRunStream}, round, 0)) ++drawn[name];
  }
  // 3000 expected each, sigma 46.
  for (const std::string& name : names) EXPECT_NEAR(drawn[name], 3000, 230) << name;
}

RunConfig drawing(double fraction, std::uint32_t min_voters, std::uint32_t clients) {
  RunConfig config = config_for(min_voters);
  config.fraction = fraction;
  config.min_clients = clients;
  return config;
}

// Who may vote in the open round, found out by voting with a copy of the machine.
std::set<std::string> invited(const Machine& machine, const std::vector<std::string>& names) {
  std::set<std::string> found;
  for (const std::string& name : names) {
    Machine copy = machine;
    copy.by_itself = false;
    copy.ballot(name, copy.session.round());
    if (copy.asked<CountBallot>()) found.insert(name);
  }
  return found;
}

TEST(SessionDraw, EveryRoundAsksExactlyTheDrawnInByteOrderOfIdentities) {
  const std::vector<std::string> names = some_names(13);
  Machine machine(drawing(0.3, 2, 13));
  std::vector<std::string> order = names;
  std::rotate(order.begin(), order.begin() + 5, order.end());  // joining order does not matter
  for (const std::string& name : order) machine.join(name);
  for (const std::string& name : names) {
    EXPECT_EQ(machine.heard<wire::Call>(name).size(), invited(machine, names).count(name)) << name;
  }
  for (std::uint32_t round = 0; round < 20; ++round) {
    const auto expected = draw_names(names, 4, {1, kRunStream}, round, 0);
    const auto asked = invited(machine, names);
    ASSERT_EQ(asked, std::set<std::string>(expected.begin(), expected.end()));
    for (const std::string& name : asked) machine.ballot(name, round);
    ASSERT_EQ(machine.session.round(), round + 1);  // nobody else is waited for
    const auto next = invited(machine, names);
    for (const std::string& name : names) {
      const auto decisions = machine.heard<wire::Decision>(name);
      ASSERT_EQ(decisions.size(), 1u);
      ASSERT_EQ(decisions.front().vote, next.contains(name));
    }
  }
}

TEST(SessionDraw, OfADrawnAudienceOnlyTheNextVotersAreTold) {
  const std::vector<std::string> names = some_names(10);
  RunConfig config = drawing(0.2, 1, 10);
  config.hyper.audience = Audience::kDrawn;
  Machine machine(config);
  machine.join_all(names);
  for (std::uint32_t round = 0; round < 10; ++round) {
    for (const std::string& name : invited(machine, names)) machine.ballot(name, round);
    ASSERT_EQ(machine.session.round(), round + 1);
    const auto next = invited(machine, names);
    ASSERT_EQ(next.size(), 2u);
    for (const std::string& name : names) {
      const auto calls = machine.heard<wire::Call>(name);
      ASSERT_EQ(machine.frames_to(name), calls.size());
      ASSERT_EQ(calls.size(), next.count(name));
      if (!calls.empty()) {
        EXPECT_EQ(calls.front().round, round + 1);
        EXPECT_EQ(calls.front().session, kSession);
      }
    }
  }
  EXPECT_EQ(machine.session.traffic().decisions_sent, 0u);
}

TEST(SessionDraw, DeadlineBelowTheMinimumDrawsOthersForTheMissing) {
  const std::vector<std::string> names = some_names(8);
  Machine machine(drawing(0.25, 2, 8));
  machine.join_all(names);
  const auto first = invited(machine, names);
  ASSERT_EQ(first.size(), 2u);
  machine.ballot(*first.begin(), 0);
  for (int i = 0; i < 9; ++i) {
    machine.pass(milliseconds(1000));
    for (const std::string& name : names) machine.heartbeat(name);
  }
  machine.pass(milliseconds(1000));
  std::set<std::string> called;
  for (const std::string& name : names) {
    if (!machine.heard<wire::Call>(name).empty()) called.insert(name);
  }
  ASSERT_EQ(called.size(), 2u);  // the missing one again, and one in its place
  EXPECT_TRUE(called.contains(*first.rbegin()));
  EXPECT_FALSE(called.contains(*first.begin()));
  called.erase(*first.rbegin());
  machine.ballot(*called.begin(), 0);
  EXPECT_EQ(machine.session.round(), 1u);
}

TEST(SessionDraw, OnlyTheLiveAreDrawn) {
  const std::vector<std::string> names = some_names(6);
  Machine machine(drawing(0.5, 1, 6));
  machine.join_all(names);
  for (std::uint32_t round = 0; round < 12; ++round) {
    for (const std::string& name : invited(machine, names)) machine.ballot(name, round);
    ASSERT_EQ(machine.session.round(), round + 1);
    if (round < 4) {
      machine.leave(names[round]);
    } else {
      EXPECT_EQ(invited(machine, names).size(), 1u);  // ceil(0.5 * 2)
    }
    // Those who left are no longer waited for, and never asked again.
    for (std::uint32_t gone = 0; gone < std::min(round, 4u); ++gone) {
      EXPECT_TRUE(machine.heard<wire::Decision>(names[gone]).empty());
    }
  }
}

}  // namespace
}  // namespace psephos::coordinator
