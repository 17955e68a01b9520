// Who has which number, and whose ballots a decision says it counts.

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "tests/coordinator/session/machine.h"

namespace psephos::coordinator {
namespace {

using namespace testing;

using Slots = std::vector<std::uint32_t>;
using Earlier = std::vector<wire::EarlierBallot>;

std::uint32_t slot_given(const Machine& machine, const std::string& peer) {
  return machine.only<wire::Welcome>(peer).slot;
}

TEST(SessionSlots, AreGivenInTheOrderOfJoiningOncePerMember) {
  Machine machine(config_for(5));
  for (std::uint32_t i = 0; i < 4; ++i) {
    const std::string name = "client-" + std::to_string(9 - i);
    machine.join(name);
    EXPECT_EQ(slot_given(machine, name), i);
  }
  machine.join("client-8");  // again
  EXPECT_EQ(slot_given(machine, "client-8"), 1u);
  machine.tell("elsewhere", join_of("client-7"));
  EXPECT_EQ(slot_given(machine, "elsewhere"), 2u);
  machine.leave("client-6");
  machine.join("client-6");
  EXPECT_EQ(slot_given(machine, "client-6"), 3u);
  machine.join("ann");
  EXPECT_EQ(slot_given(machine, "ann"), 4u);
}

TEST(SessionSlots, OfThoseWhoCameBeforeARestartAreGivenWhenTheyJoin) {
  SessionOptions options = options_for(config_for(2));
  options.round = 7;
  options.counted = {{"ann", 6}, {"ben", 6}};
  Machine machine(options);
  machine.join("cat");
  EXPECT_EQ(slot_given(machine, "cat"), 0u);
  machine.join("ben");
  EXPECT_EQ(slot_given(machine, "ben"), 1u);
}

TEST(SessionSlots, AreNeverUsedAgain) {
  RunConfig config = config_for(2);
  config.max_clients = 1;
  Machine machine(config);
  std::set<std::uint32_t> given;
  for (const char* name : {"ann", "ben", "ann", "cat"}) {  // ann is forgotten meanwhile
    machine.join(name);
    EXPECT_TRUE(given.insert(slot_given(machine, name)).second) << name;
    machine.leave(name);
  }
  EXPECT_EQ(given, (std::set<std::uint32_t>{0, 1, 2, 3}));
}

RunConfig with_deadline(std::uint32_t clients, std::uint32_t staleness = 0) {
  RunConfig config = config_for(1);
  config.min_clients = clients;
  config.hyper.staleness = staleness;
  return config;
}

std::vector<std::string> some_names(std::uint32_t count) {
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < count; ++i) names.push_back("client-" + std::to_string(i));
  return names;
}

// The deadline passes with the ballots of those alone; what a decision tells `peer`.
wire::CountedSlots told(Machine& machine, const std::vector<std::string>& names,
                        const std::vector<std::string>& voters, const std::string& peer) {
  const std::uint32_t round = machine.session.round();
  for (const std::string& name : voters) machine.ballot(name, round);
  if (machine.session.round() == round) {
    machine.now += seconds(10);
    for (const std::string& name : names) {
      if (machine.session.round() == round) machine.heartbeat(name);
    }
  }
  EXPECT_EQ(machine.session.round(), round + 1);
  return machine.only<wire::Decision>(peer).counted;
}

TEST(SessionSlots, ADecisionListsThoseThatItCountsOrNotWhicheverAreFewer) {
  const std::vector<std::string> names = some_names(5);
  Machine machine(with_deadline(5));
  machine.join_all(names);
  const auto listed = [&](const std::vector<std::string>& voters) {
    return told(machine, names, voters, "client-4");
  };
  EXPECT_EQ(listed({"client-3", "client-0"}), (wire::CountedSlots{true, 5, {0, 3}, {}}));
  EXPECT_EQ(listed({"client-2", "client-0", "client-3"}),
            (wire::CountedSlots{false, 5, {1, 4}, {}}));
  EXPECT_EQ(listed({"client-4"}), (wire::CountedSlots{true, 5, {4}, {}}));
  EXPECT_EQ(listed(names), (wire::CountedSlots{false, 5, {}, {}}));
}

TEST(SessionSlots, EverybodyIsToldTheSameList) {
  const std::vector<std::string> names = some_names(4);
  Machine machine(with_deadline(4));
  machine.join_all(names);
  const wire::CountedSlots counted = told(machine, names, {"client-2"}, "client-0");
  EXPECT_EQ(counted.slots, Slots{2});
  for (const std::string& name : names) {
    EXPECT_EQ(machine.only<wire::Decision>(name).counted, counted);
  }
}

TEST(SessionSlots, BallotsOfEarlierRoundsAreListedByTheirRound) {
  const std::vector<std::string> names = some_names(4);
  Machine machine(with_deadline(4, 3));
  machine.join_all(names);
  EXPECT_EQ(told(machine, names, {"client-3"}, "client-0").earlier, Earlier{});
  EXPECT_EQ(told(machine, names, {"client-3"}, "client-0").earlier, Earlier{});
  ASSERT_EQ(machine.session.round(), 2u);
  machine.ballot("client-2", 0);
  machine.ballot("client-1", 1);
  const wire::CountedSlots counted = told(machine, names, {"client-0", "client-3"}, "client-0");
  EXPECT_EQ(counted.earlier, (Earlier{{1, 1}, {2, 0}}));
  // What they cast in this round is not counted.
  EXPECT_FALSE(counted.counted);
  EXPECT_EQ(counted.slots, (Slots{1, 2}));
}

TEST(SessionSlots, WhoJoinedTooLateIsInNoList) {
  Machine machine(with_deadline(2));
  machine.by_itself = false;
  machine.join_all({"ann", "ben"});
  machine.ballot("ann", 0);
  machine.ballot("ben", 0);
  ASSERT_TRUE(machine.asked<CloseTally>());
  machine.join("cat");  // while the tally is decided
  EXPECT_FALSE(machine.only<wire::Welcome>("cat").vote);
  machine.decide();
  machine.commit();
  EXPECT_EQ(machine.only<wire::Decision>("cat").counted, (wire::CountedSlots{false, 3, {}, {}}));
}

TEST(SessionSlots, OnlyTheDrawnAreListed) {
  RunConfig config = config_for(1);
  config.fraction = 0.5;
  config.min_clients = 4;
  const std::vector<std::string> names = some_names(4);
  Machine machine(config);
  machine.join_all(names);
  std::vector<std::string> drawn;
  for (const std::string& name : names) {
    if (!machine.heard<wire::Call>(name).empty()) drawn.push_back(name);
  }
  ASSERT_EQ(drawn.size(), 2u);
  const wire::CountedSlots counted = told(machine, names, {drawn[0]}, "client-0");
  EXPECT_FALSE(counted.counted);  // as many: those that are not
  EXPECT_EQ(counted.slots, Slots{static_cast<std::uint32_t>(drawn[1].back() - '0')});
}

TEST(SessionSlots, WhoWasForgottenIsInNoList) {
  RunConfig config = with_deadline(2);
  config.max_clients = 2;
  Machine machine(config);
  machine.join_all({"ann", "ben"});
  machine.leave("ben");
  machine.join("cat");  // in ben's place
  machine.ballot("cat", 0);
  machine.ballot("ann", 0);
  ASSERT_EQ(machine.session.round(), 1u);
  EXPECT_EQ(machine.only<wire::Decision>("ann").counted, (wire::CountedSlots{false, 3, {}, {}}));
}

}  // namespace
}  // namespace psephos::coordinator
